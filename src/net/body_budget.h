// The memory that bodies of requests may take together: as text, and as what is made of them until they are answered.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace dos::net {

class body_budget : public std::enable_shared_from_this<body_budget> {
 public:
  // In bytes of memory. `weight`: what a byte of text may become, parsed.
  body_budget(std::size_t bytes_max, std::size_t per_peer_max, std::size_t weight)
      : bytes_max_(bytes_max), per_peer_max_(per_peer_max), weight_(weight) {}

  // What one request holds; gives it back when dropped. Small bodies are not counted: there are no more of them than
  // connections.
  class share {
   public:
    share() = default;
    share(std::shared_ptr<body_budget> of, std::string peer) : of_(std::move(of)), peer_(std::move(peer)) {}
    share(share&& other) noexcept { *this = std::move(other); }
    share& operator=(share&& other) noexcept;
    ~share() { give_back(); }

    // The body has grown to so many bytes. Faults: too_many when this peer's part, unavailable when all is used up.
    void grow_to(std::size_t body_bytes);
    void give_back();

   private:
    std::shared_ptr<body_budget> of_;
    std::string peer_;
    std::size_t held_ = 0;
  };

  std::size_t held() const;

 private:
  std::size_t const bytes_max_, per_peer_max_, weight_;
  mutable std::mutex mutex_;
  std::size_t held_ = 0;
  std::map<std::string, std::size_t> by_peer_;  // of those that hold something
};

}  // namespace dos::net

// Space on the disk that a city keeps for its own start: a disk that was filled to the last byte leaves no room to open
// what was written, because SQLite must replay and fold its write-ahead log first.
#pragma once

#include <cstdint>
#include <filesystem>

namespace dos::store {

// What programs without special rights may still write, in bytes; as much as can be when the disk does not say.
std::uint64_t free_bytes(std::filesystem::path const& directory);

// A file `dir`/reserve without content. Belongs to one thread at a time; throws nothing: a reserve that cannot be kept is
// missed at the next start on a full disk, and hinders nobody until then.
class space_reserve {
 public:
  explicit space_reserve(std::filesystem::path const& dir, std::uint64_t bytes = 32 << 20);

  void release_if_needed();  // before opening: gives the space to the disk when less than that is free
  void take();               // as much of it as the disk has, but for a little that is left for small files
  bool is_whole() const { return held_ >= bytes_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::filesystem::path file_;
  std::uint64_t bytes_;
  std::uint64_t held_ = 0;
};

}  // namespace dos::store

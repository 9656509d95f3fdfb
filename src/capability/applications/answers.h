// Answers that a repeated request gets again: Idempotency-Key (IETF httpapi draft 07). A key counts for whoever sent it and for
// seven days; it is a record of the same write that it answers, so that it lives exactly as long as what was done does.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/record_collection.h"
#include "contract/contract.h"

namespace dos::applications {

inline constexpr auto answer_collection = record_collection{"idempotency_key", "capability/applications", "who asked and the Idempotency-Key, as a digest"};
inline constexpr std::int64_t answers_kept_us = 7 * 86'400 * us_per_second;
inline constexpr std::size_t answers_max = 100'000;             // of a city
inline constexpr std::size_t answer_bytes_max = 64 << 20;       // of a city, all together
inline constexpr std::size_t answers_of_one_max = 10'000;       // of one caller
inline constexpr std::size_t answer_bytes_of_one_max = 8 << 20;
inline constexpr std::size_t key_length_min = 22;               // 128 bits, in the densest form that is in use (base64url)
inline constexpr std::size_t key_length_max = 255;

struct told {
  int status = 200;
  std::string body;      // JSON; empty: none
  std::string location;  // of what was made
  bool operator==(told const&) const = default;
};
http::response to_response(told const& t);

// A key as it came with a request.
struct repeat_key {
  std::string record;   // by whom and which
  std::string by;
  std::string content;  // of the request: another one is another wish
};
// Nothing without the header. Faults: invalid.
std::optional<repeat_key> read_key(session const& s, http::request const& r, json::value const& body);

// In a decision. What was answered before; faults: invalid when it was another request.
std::optional<told> find_answer(transaction const& t, repeat_key const& k);
void keep_answer(transaction& t, repeat_key const& k, told const& a);

// How much is kept, so that it stays within bounds. Any thread.
class answers {
 public:
  explicit answers(city const& c);

  // Before a decision. Faults: too_many.
  void require_room(repeat_key const& k) const;
  void note(repeat_key const& k, told const& a);  // it was kept
  void forget_old(session const& s, timestamp now);

 private:
  struct size {
    std::size_t count = 0, bytes = 0;
  };
  mutable std::mutex mutex_;
  size all_;
  std::map<std::string, size> by_caller_;
};

}  // namespace dos::applications

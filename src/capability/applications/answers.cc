#include "capability/applications/answers.h"

#include <algorithm>

#include "base/fault.h"
#include "base/id.h"
#include "base/text.h"
#include "kernel/city/city.h"

namespace dos::applications {
namespace {

constexpr std::size_t forgotten_at_once_max = 5'000;

std::string hex(std::string_view bytes) {
  static constexpr auto digits = "0123456789abcdef";
  auto out = std::string();
  for (auto const c : bytes) out += {digits[static_cast<unsigned char>(c) >> 4], digits[static_cast<unsigned char>(c) & 15]};
  return out;
}

// A person, whatever token it is; else a token; else whoever comes from there.
std::string caller_of(principal const& who) {
  if (!who.subject.empty()) return "subject " + who.subject;
  if (!who.tokens.empty()) return "token " + who.tokens.front();
  return "source " + who.source;
}

std::size_t bytes_of(json::value const& record) { return 200 + record.text_or("body", "").size(); }

timestamp time_of(json::value const& record) { return parse_timestamp(record.text_or("at", "")).value_or(timestamp_min); }

}  // namespace

http::response to_response(told const& t) {
  if (t.status == 204) return http::no_content();
  auto r = http::json(t.status, t.body);
  if (!t.location.empty()) r.headers.set("Location", t.location);
  return r;
}

std::optional<repeat_key> read_key(session const& s, http::request const& r, json::value const& body) {
  auto const header = r.headers.find("Idempotency-Key");
  if (!header) return std::nullopt;
  auto key = text::trim(*header);
  if (key.size() > 1 && key.front() == '"' && key.back() == '"') key = key.substr(1, key.size() - 2);  // a text of RFC 8941
  auto const is_plain = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; });
  require(is_plain && key.size() >= key_length_min && key.size() <= key_length_max, fault_kind::invalid,
          "an Idempotency-Key has at least 128 bits of chance: from 22 to 255 visible characters, as of a UUID", "Idempotency-Key");
  auto const by = caller_of(s.who());
  return repeat_key{hex(sha256(by + '\n' + std::string(key))), hex(sha256(by)).substr(0, 32),
                    hex(sha256(r.method + ' ' + r.path + '\n' + json::to_string(body)))};
}

std::optional<told> find_answer(transaction const& t, repeat_key const& k) {
  auto const record = t.find_record(answer_collection, k.record);
  if (!record || t.now() - time_of(*record) >= answers_kept_us) return std::nullopt;
  require(record->text_or("content", "") == k.content, fault_kind::invalid,
          "this Idempotency-Key came with another request before; a new wish needs a new key", "Idempotency-Key");
  auto const* const status = record->find("status");
  return told{status && status->is_int() ? int(status->as_int()) : 200, std::string(record->text_or("body", "")),
              std::string(record->text_or("location", ""))};
}

void keep_answer(transaction& t, repeat_key const& k, told const& a) {
  auto o = json::object{{"by", k.by}, {"content", k.content}, {"at", to_string(t.now())}, {"status", a.status}, {"body", a.body}};
  if (!a.location.empty()) o.push("location", a.location);
  t.put_record(answer_collection, k.record, std::move(o));
}

answers::answers(city const& c) {
  c.for_each_record(answer_collection, {}, [&](std::string_view, record_ptr const& r) {
    for (auto* const s : {&all_, &by_caller_[std::string(r->text_or("by", ""))]}) {
      ++s->count;
      s->bytes += bytes_of(*r);
    }
    return true;
  });
}

void answers::require_room(repeat_key const& k) const {
  auto const lock = std::lock_guard(mutex_);
  auto const mine = by_caller_.find(k.by);
  auto const own = mine == by_caller_.end() ? size() : mine->second;
  require(own.count < answers_of_one_max && own.bytes < answer_bytes_of_one_max, fault_kind::too_many,
          "there are " + std::to_string(own.count) + " Idempotency-Keys of yours within seven days; send the request without one");
  require(all_.count < answers_max && all_.bytes < answer_bytes_max, fault_kind::too_many,
          "there are too many Idempotency-Keys in this city; send the request without one");
}

void answers::note(repeat_key const& k, told const& a) {
  auto const lock = std::lock_guard(mutex_);
  for (auto* const s : {&all_, &by_caller_[k.by]}) {
    ++s->count;
    s->bytes += 200 + a.body.size();
  }
}

void answers::forget_old(session const& s, timestamp now) {
  struct old_one {
    std::string key, by;
    std::size_t bytes;
  };
  auto old = std::vector<old_one>();
  s.for_each_record(answer_collection, {}, [&](std::string_view key, record_ptr const& r) {
    if (now - time_of(*r) >= answers_kept_us) old.push_back({std::string(key), std::string(r->text_or("by", "")), bytes_of(*r)});
    return old.size() < forgotten_at_once_max;
  });
  if (old.empty()) return;
  s.apply([&](transaction& t) {
    for (auto const& o : old) t.erase_record(answer_collection, o.key);
  });
  auto const lock = std::lock_guard(mutex_);
  for (auto const& o : old) {
    auto& mine = by_caller_[o.by];
    for (auto* const size : {&all_, &mine}) {
      size->count -= std::min<std::size_t>(size->count, 1);
      size->bytes -= std::min(size->bytes, o.bytes);
    }
    if (mine.count == 0) by_caller_.erase(o.by);
  }
}

}  // namespace dos::applications

// The messages that a city's broker holds, each counted once however many sessions wait for it.
#pragma once

#include <atomic>

#include "standard/mqtt/message.h"

namespace dos::broker {

// Of memory, about: text and what is around it.
inline std::size_t bytes_of(message const& m) {
  constexpr std::size_t around = 300;
  auto n = around + m.topic.size() + m.payload.size() + m.properties.content_type.size() + m.properties.response_topic.size() +
           m.properties.correlation_data.size();
  for (auto const& [name, text] : m.properties.user) n += 64 + name.size() + text.size();
  return n;
}

class message_shelf {
 public:
  message_ptr keep(message m) const {
    auto const n = bytes_of(m);
    *bytes_ += n;
    return message_ptr(new message(std::move(m)), [n, bytes = bytes_](message const* gone) {
      delete gone;
      *bytes -= n;
    });
  }
  std::size_t bytes() const { return *bytes_; }

 private:
  std::shared_ptr<std::atomic<std::size_t>> const bytes_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace dos::broker

#include "standard/mqtt/broker.h"

namespace dos::broker {

namespace {

constexpr std::string_view source_name = "mqtt";

}  // namespace

// All of the broker's own writes go one way, so that they come into the log in the order in which they were made; what
// is to be erased goes with the next one.
void city_broker::write(std::vector<record_change> changes, std::function<void(bool)> then) {
  auto w = own_write{std::move(changes), std::exchange(erasures_, {}), std::exchange(delivered_, 0),
                     std::exchange(failed_, 0), std::move(then)};
  if (!backlog_.empty() || !submit(w)) backlog_.push_back(std::move(w));
}

bool city_broker::submit(own_write& w) {
  auto const shared = std::make_shared<own_write>(std::move(w));
  try {
    listener_.n->as_source(city_, std::string(source_name))
        .submit(
            [shared](transaction& t) {
              put_changes(t, shared->erasures);
              put_changes(t, shared->changes);
              t.count(source_name, tally::delivered, shared->delivered);
              if (shared->failed) t.count(source_name, tally::failed, shared->failed, "queue full");
            },
            [self = shared_from_this(), shared](outcome const& o) {
              auto const g = guard(*self);
              --self->writing_;
              if (o.refused) {  // tried again by tick()
                self->erasures_.insert(self->erasures_.begin(), shared->erasures.begin(), shared->erasures.end());
                self->delivered_ += shared->delivered;
                self->failed_ += shared->failed;
              }
              if (shared->then) shared->then(!o.refused);
              if (!o.refused) self->flush();
            });
    ++writing_;
    return true;
  } catch (fault const&) {  // the queue is full, or the city closes
    w = std::move(*shared);
    return false;
  }
}

void city_broker::flush() {
  while (!backlog_.empty() && submit(backlog_.front())) backlog_.pop_front();
  if (!erasures_.empty() && writing_ == 0 && backlog_.empty()) write({}, nullptr);
}

}  // namespace dos::broker

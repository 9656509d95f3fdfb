#include "base/name_rules.h"
#include "linked_data/entity_change.h"
#include "standard/ngsi_ld/federation/distributed.h"
#include "standard/ngsi_ld/routes.h"
#include "standard/ngsi_ld/vocabulary.h"

#include <algorithm>
#include <atomic>
#include <optional>

#include "base/fault.h"
#include "http/media.h"

namespace dos::ngsi_ld {
namespace {

inline constexpr std::size_t batch_items_max = 10'000;

struct item {
  std::string id;  // as far as it could be read
  entity_fragment fragment;
  std::optional<fault> failed;
  timestamp end = no_time;  // the soonest that it brings
  bool created = false;
};

// One batch: first every item is read with its own context, then all are one write, of which items can fail.
struct batch {
  call_ptr c;
  std::vector<item> items;
  std::function<void(transaction&, item&)> write;
  std::function<http::response(batch const&)> answer;
};
using batch_ptr = std::shared_ptr<batch>;

json::array ids_of(batch const& b, std::function<bool(item const&)> const& which) {
  auto ids = json::array();
  for (auto const& i : b.items) {
    if (!i.failed && which(i)) ids.push_back(i.id);
  }
  return ids;
}

bool has_failures(batch const& b) {
  return std::any_of(b.items.begin(), b.items.end(), [](auto const& i) { return i.failed.has_value(); });
}

// ETSI GS CIM 009, 5.2.16 and 5.2.17
http::response multi_status(batch const& b) {
  auto errors = json::array();
  for (auto const& i : b.items) {
    if (i.failed) errors.push_back(json::object{{"entityId", i.id}, {"error", b.c->problem(*i.failed)}});
  }
  auto success = ids_of(b, [](auto const&) { return true; });
  return http::json(207, json::to_string(json::object{{"success", std::move(success)}, {"errors", std::move(errors)}}));
}

http::response no_content_or_multi_status(batch const& b) { return has_failures(b) ? multi_status(b) : http::no_content(); }

void write_item(transaction& t, batch& b, item& i) {
  if (i.failed) return;
  auto refused = t.attempt([&] { b.write(t, i); });
  if (refused) i.failed = std::move(refused);
}

void write_all(batch_ptr b) {
  b->c->who.submit(
      [b](transaction& t) {
        constexpr auto ahead = std::size_t(64);
        auto ids = std::vector<std::string_view>();
        for (auto i = std::size_t(0); i < b->items.size(); ++i) {
          if (i % ahead == 0) {
            ids.clear();
            for (auto n = i; n < std::min(i + ahead, b->items.size()); ++n) ids.push_back(b->items[n].id);
            t.expect(ids);
          }
          write_item(t, *b, b->items[i]);
        }
      },
      [b](outcome const& o) {
        answer_faults(*b->c, [&] {
          if (o.refused) throw fault(*o.refused);
          for (auto const& i : b->items) {
            if (!i.failed) b->c->at->ends.note(b->c->who.city(), {i.id, i.end});
          }
          auto r = b->answer(*b);
          warn_of_what_was_set_aside(*b->c, o, r);
          b->c->answer(std::move(r));
        });
      },
      {.weight = b->items.size()});
}

void read_item(batch& b, item& i, json::value const& v, context const& names) {
  try {
    i.fragment = parse_entity(v, names, read_representation(*b.c) == representation::simplified ? input_form::simplified : input_form::full);
    if (i.fragment.id.empty()) throw fault(fault_kind::invalid, "an entity has an id", "id", "ETSI GS CIM 009, 5.2.4");
    i.end = first_end(i.fragment);
  } catch (fault const& f) {
    i.failed = f;
  }
}

// Contexts may have to be fetched: goes on where the last one came in.
void read_from(batch_ptr b, std::size_t at) {
  auto const is_ld = http::content_type(b->c->request.headers) == "application/ld+json";
  auto const& items = b->c->body.as_array();
  for (; at != items.size(); ++at) {
    auto const& v = items[at];
    auto& i = b->items[at];
    i.id = v.text_or("id", v.text_or("@id", ""));
    auto const* inside = v.find("@context");
    if (is_ld != (inside != nullptr)) {
      i.failed = fault(fault_kind::invalid, is_ld ? "application/ld+json needs an @context in every entity" : "a body with @context is application/ld+json",
                       "@context", "ETSI GS CIM 009, 6.3.5");
      continue;
    }
    if (inside == nullptr) {
      read_item(*b, i, v, *b->c->names);
      continue;
    }
    // Known contexts come back at once; then the loop goes on here, without growing the stack.
    auto const waits = std::make_shared<std::atomic<int>>(0);
    auto const go_on = [b, at, waits] {
      if (waits->exchange(1) == 2) read_from(b, at + 1);
    };
    b->c->at->contexts.resolve(
        b->c->who, *inside,
        [b, at, go_on](context_ptr names) {
          read_item(*b, b->items[at], b->c->body.as_array()[at], *names);
          go_on();
        },
        [b, at, go_on](fault f) {
          b->items[at].failed = std::move(f);
          go_on();
        });
    if (waits->exchange(2) == 0) return;  // it will come, and go on from there
  }
  write_all(std::move(b));
}

void run_batch(call_ptr c, std::function<void(transaction&, item&)> write, std::function<http::response(batch const&)> answer) {
  if (!c->body.is_array() || c->body.as_array().empty()) {
    refuse("the body is an array of entities with at least one in it", whole_body, "5.6.7");
  }
  if (c->body.as_array().size() > batch_items_max) {
    throw fault(fault_kind::too_large, "at most " + std::to_string(batch_items_max) + " entities at once", std::string(whole_body));
  }
  if (!c->context.is_null() && http::content_type(c->request.headers) == "application/ld+json") {
    throw fault(fault_kind::invalid, "application/ld+json carries its context in the body", "Link", "ETSI GS CIM 009, 6.3.5");
  }
  if (std::any_of(c->body.as_array().begin(), c->body.as_array().end(), [](auto const& v) { return v.is_null(); })) {
    refuse("null is no entity", whole_body, "5.5.4");
  }
  read_representation(*c);
  auto b = std::make_shared<batch>();
  b->items.resize(c->body.as_array().size());
  b->c = std::move(c);
  b->write = std::move(write);
  b->answer = std::move(answer);
  read_from(std::move(b), 0);
}

// ETSI GS CIM 009, 5.6.7
void create_batch(call_ptr c) {
  run_batch(
      std::move(c), [](transaction& t, item& i) { create(t, to_entity(i.fragment)); },
      [](batch const& b) {
        if (has_failures(b)) return multi_status(b);
        return http::json(201, json::to_string(ids_of(b, [](auto const&) { return true; })));
      });
}

// ETSI GS CIM 009, 5.6.8
void upsert_batch(call_ptr c) {
  auto const updates = c->has_option("update");
  run_batch(
      std::move(c),
      [updates](transaction& t, item& i) {
        auto const old = t.find(i.fragment.id);
        i.created = !old || old->deleted_at != no_time;
        if (i.created || !updates) {
          auto f = i.fragment;
          if (!i.created && f.types.empty()) f.types = old->types;
          return store_entity(t, to_entity(std::move(f)));
        }
        auto e = entity(*old);
        append(e, i.fragment, true);
        store_entity(t, std::move(e));
      },
      [](batch const& b) {
        if (has_failures(b)) return multi_status(b);
        auto created = ids_of(b, [](auto const& i) { return i.created; });
        return created.empty() ? http::no_content() : http::json(201, json::to_string(std::move(created)));
      });
}

// ETSI GS CIM 009, 5.6.9
void update_batch(call_ptr c) {
  auto const overwrites = !c->has_option("noOverwrite");
  run_batch(
      std::move(c),
      [overwrites](transaction& t, item& i) {
        auto e = copy_of(t, i.fragment.id);
        auto const result = append(e, i.fragment, overwrites);
        store_entity(t, std::move(e));
        if (result.not_updated.empty()) return;
        // What could be changed is; the rest is told as this entity's error.
        i.failed = fault(fault_kind::invalid, result.not_updated[0].second, std::string(result.not_updated[0].first.text()), "ETSI GS CIM 009, 5.6.9");
      },
      no_content_or_multi_status);
}

// ETSI GS CIM 009, 5.6.20
void merge_batch(call_ptr c) {
  run_batch(
      std::move(c),
      [](transaction& t, item& i) {
        auto e = copy_of(t, i.fragment.id);
        merge(e, i.fragment);
        store_entity(t, std::move(e));
      },
      no_content_or_multi_status);
}

// ETSI GS CIM 009, 5.6.10: an array of ids.
void delete_batch(call_ptr c) {
  if (!c->body.is_array() || c->body.as_array().empty()) {
    refuse("the body is an array of ids with at least one in it", whole_body, "5.6.10");
  }
  auto b = std::make_shared<batch>();
  for (auto const& v : c->body.as_array()) {
    auto i = item();
    if (v.is_string()) i.id = v.as_string();
    try {
      require_uri(i.id, "id");
    } catch (fault const& f) {
      i.failed = f;
    }
    b->items.push_back(std::move(i));
  }
  b->c = std::move(c);
  b->write = [](transaction& t, item& i) {
    t.get(i.id);
    t.erase(i.id);
  };
  b->answer = no_content_or_multi_status;
  write_all(std::move(b));
}

}  // namespace

void add_batch(offer& o, service_ptr s) {
  auto const add = [&](std::string name, std::function<void(call_ptr)> action) {
    add_route(o, "POST", "/entityOperations/" + name, need::writer, thread_use::slow,
              endpoint(s, {.params = {}, .body = body_rule::batch, .may_wait = true}, std::move(action)), largest_body);
  };
  add("create", distributed_batch(source_op::create_batch, create_batch));
  add("upsert", distributed_batch(source_op::upsert_batch, upsert_batch));
  add("update", distributed_batch(source_op::update_batch, update_batch));
  add("merge", distributed_batch(source_op::merge_batch, merge_batch));
  add("delete", distributed_batch(source_op::delete_batch, delete_batch));
}

}  // namespace dos::ngsi_ld

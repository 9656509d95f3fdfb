#include "capability/demo/traces.h"

#include <algorithm>

#include "devices/device.h"
#include "devices/quarantine.h"
#include "devices/radio_state.h"
#include "kernel/city/city.h"

namespace dos::demo {
namespace {

constexpr std::size_t a_write = 200;

json::array list_of(record_ptr const& record) {
  auto const* items = record ? record->find("items") : nullptr;
  return items && items->is_array() ? items->as_array() : json::array();
}

template <typename Each>
void in_writes(session const& s, std::vector<std::string> const& names, Each each) {
  for (auto i = std::size_t(0); i < names.size(); i += a_write) {
    s.apply([&](transaction& t) {
      for (auto k = i; k < std::min(names.size(), i + a_write); ++k) each(t, names[k]);
    });
  }
}

void erase_if_there(transaction& t, std::string_view collection, std::string const& key) {
  if (t.find_record(collection, key)) t.erase_record(collection, key);
}

void forget_if_there(transaction& t, std::string const& id) {
  if (t.find(id)) t.forget(id);
}

}  // namespace

std::vector<std::string> brought(session const& s, std::string_view key) {
  auto names = std::vector<std::string>();
  for (auto const& item : list_of(s.find_record(demo_collection, key))) names.emplace_back(item.as_string());
  return names;
}

void note_brought(session const& s, std::string_view key, std::vector<std::string> const& names) {
  s.apply([&](transaction& t) {
    auto items = list_of(t.find_record(demo_collection, key));
    for (auto const& name : names) {
      if (std::find(items.begin(), items.end(), json::value(name)) == items.end()) items.push_back(name);
    }
    t.put_record(demo_collection, key, json::object{{"items", std::move(items)}});
  });
}

std::size_t take_away(session const& s) {
  auto const source = "webhook:" + std::string(webhook_name);
  auto quarantined = std::vector<std::string>();
  s.for_each_record(quarantine_collection, {}, [&](std::string_view key, record_ptr const& record) {
    if (record->text_or("source", "") == source) quarantined.emplace_back(key);
    return true;
  });
  in_writes(s, quarantined, [](transaction& t, std::string const& key) { take_from_quarantine(t, key); });
  in_writes(s, brought(s, devices_key), [](transaction& t, std::string const& eui) {
    erase_if_there(t, device_collection, eui);
    erase_if_there(t, radio_state_collection, eui);
    forget_if_there(t, device_entity_id(eui));
  });
  auto const entities = brought(s, entities_key);
  in_writes(s, entities, [](transaction& t, std::string const& id) {
    erase_if_there(t, measuring_point_collection, id);
    forget_if_there(t, id);
  });
  s.apply([&](transaction& t) {
    for (auto const& type : brought(s, types_key)) erase_if_there(t, open_types_collection, type);
    for (auto const key : {entities_key, devices_key, types_key, loaded_key}) erase_if_there(t, demo_collection, key);
  });
  return entities.size();
}

}  // namespace dos::demo

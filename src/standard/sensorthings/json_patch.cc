#include "standard/sensorthings/json_patch.h"

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"

namespace dos::sensorthings {
namespace {

std::vector<std::string> pointer_of(std::string_view text) {
  auto steps = std::vector<std::string>();
  if (text.empty()) return steps;
  require(text[0] == '/', fault_kind::malformed, "a JSON pointer begins with a slash", "path");
  for (auto const part : text::split(text.substr(1), '/')) {
    auto step = std::string();
    for (auto i = std::size_t(0); i < part.size(); ++i) {
      if (part[i] == '~' && i + 1 < part.size())
        step += part[++i] == '0' ? '~' : '/';
      else
        step += part[i];
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

[[noreturn]] void leads_nowhere(std::string_view path) {
  throw fault(fault_kind::invalid, "there is nothing at " + std::string(path), "path");
}

json::value* find_at(json::value& document, std::vector<std::string> const& steps, std::size_t count) {
  auto* at = &document;
  for (auto i = std::size_t(0); at && i < count; ++i) {
    if (at->is_array()) {
      auto const n = text::to_int(steps[i]);
      auto& items = at->as_array();
      at = n && *n >= 0 && std::size_t(*n) < items.size() ? &items[std::size_t(*n)] : nullptr;
    } else {
      at = at->find(steps[i]);
    }
  }
  return at;
}

// What a body could hold that is sent as a whole.
constexpr std::size_t levels_max = 190;
constexpr std::size_t copied_bytes_max = 16 << 20;

std::size_t levels_of(json::value const& v) {
  auto deepest = std::size_t(0);
  if (v.is_array()) {
    for (auto const& one : v.as_array()) deepest = std::max(deepest, levels_of(one));
  } else if (v.is_object()) {
    for (auto const& m : v.as_object()) deepest = std::max(deepest, levels_of(m.value));
  } else {
    return 0;
  }
  return deepest + 1;
}

void require_levels(std::vector<std::string> const& steps, json::value const& v) {
  require(steps.size() + levels_of(v) <= levels_max, fault_kind::too_large,
          "a JSON Patch makes values of at most " + std::to_string(levels_max) + " levels");
}

void add(json::value& document, std::string_view path, json::value v) {
  auto const steps = pointer_of(path);
  require_levels(steps, v);
  if (steps.empty()) {
    document = std::move(v);
    return;
  }
  auto* const parent = find_at(document, steps, steps.size() - 1);
  if (!parent) leads_nowhere(path);
  if (parent->is_object()) {
    parent->as_object()[steps.back()] = std::move(v);
  } else if (parent->is_array()) {
    auto& items = parent->as_array();
    auto const n = steps.back() == "-" ? std::optional(std::int64_t(items.size())) : text::to_int(steps.back());
    if (!n || *n < 0 || std::size_t(*n) > items.size()) leads_nowhere(path);
    items.insert(items.begin() + *n, std::move(v));
  } else {
    leads_nowhere(path);
  }
}

json::value take(json::value& document, std::string_view path) {
  auto const steps = pointer_of(path);
  auto* const parent = steps.empty() ? nullptr : find_at(document, steps, steps.size() - 1);
  auto* const there = parent ? find_at(document, steps, steps.size()) : nullptr;
  if (!there) leads_nowhere(path);
  auto taken = *there;
  if (parent->is_object()) {
    parent->as_object().erase(steps.back());
  } else {
    auto& items = parent->as_array();
    items.erase(items.begin() + *text::to_int(steps.back()));
  }
  return taken;
}

}  // namespace

json::value patched(json::value document, json::value const& operations) {
  constexpr std::size_t operations_max = 1'000;
  auto copied = std::size_t(0);
  require(operations.is_array(), fault_kind::malformed, "a JSON Patch is a list of operations");
  require(operations.as_array().size() <= operations_max, fault_kind::too_large,
          "a JSON Patch has at most 1,000 operations");
  for (auto const& o : operations.as_array()) {
    auto const op = o.text_or("op", "");
    auto const path = o.text_or("path", "");
    require(o.find("path") && o.find("path")->is_string(), fault_kind::malformed, "an operation needs a path", "path");
    auto const value = [&]() -> json::value const& {
      auto const* const v = o.find("value");
      require(v != nullptr, fault_kind::malformed, "this operation needs a value", "value");
      return *v;
    };
    if (op == "add") {
      add(document, path, value());
    } else if (op == "remove") {
      take(document, path);
    } else if (op == "replace") {
      auto const steps = pointer_of(path);
      auto* const there = find_at(document, steps, steps.size());
      if (!there) leads_nowhere(path);
      require_levels(steps, value());
      *there = value();
    } else if (op == "move") {
      add(document, path, take(document, o.text_or("from", "")));
    } else if (op == "copy") {
      auto const from = pointer_of(o.text_or("from", ""));
      auto* const there = find_at(document, from, from.size());
      if (!there) leads_nowhere(o.text_or("from", ""));
      copied += json::to_string(*there).size();
      require(copied <= copied_bytes_max, fault_kind::too_large, "a JSON Patch copies more than 16 MB");
      add(document, path, *there);
    } else if (op == "test") {
      auto* const there = find_at(document, pointer_of(path), pointer_of(path).size());
      if (!there || !(*there == value()))
        throw fault(fault_kind::conflict, "the test of " + std::string(path) + " fails", "path");
    } else {
      throw fault(fault_kind::malformed, "op is add, remove, replace, move, copy or test", "op");
    }
  }
  require(document.is_object(), fault_kind::invalid, "what is left is no object");
  return document;
}

}  // namespace dos::sensorthings

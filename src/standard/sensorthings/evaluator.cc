#include "standard/sensorthings/evaluator.h"

#include <algorithm>
#include <functional>

#include "base/fault.h"
#include "base/text.h"
#include "standard/sensorthings/times.h"

namespace dos::sensorthings {

namespace {

// Whether two values of a comparison relate; nothing where they can't be compared. `eq null` asks whether something is
// there; a text beside a number or a truth is compared with how that is written, but a number that the filter names
// only with numbers.
std::optional<bool> related(expression const& comparison, operand const& a, operand const& b) {
  auto const is_named = [&](std::size_t side) { return comparison.parts[side]->what == operation::literal; };
  if (is_null(a) || is_null(b)) {
    auto const asks = (is_named(0) && is_null(a)) || (is_named(1) && is_null(b));
    auto const is_presence = comparison.what == operation::equal || comparison.what == operation::not_equal;
    if (!asks || !is_presence) return std::nullopt;
    return (is_null(a) && is_null(b)) == (comparison.what == operation::equal);
  }
  auto const *x = json_of(a), *y = json_of(b);
  if (!x || !y || x->is_string() == y->is_string()) return holds(comparison.what, a, b);
  auto const& other = x->is_string() ? *y : *x;
  if (!other.is_number() && !other.is_bool()) return std::nullopt;
  if (is_named(x->is_string() ? 1 : 0)) return std::nullopt;
  auto const written = json::value(json::to_string(other));
  return x->is_string() ? holds(comparison.what, a, written) : holds(comparison.what, written, b);
}

// A key travels in the link to the next page: of a longer text the beginning is the order, and what follows only tells
// one from the other.
constexpr std::size_t key_bytes_max = 1'000;

std::string short_enough(std::string text) {
  if (text.size() <= key_bytes_max) return text;
  auto const rest = std::to_string(std::hash<std::string>()(text));
  auto end = key_bytes_max;
  while ((text[end] & 0xc0) == 0x80) --end;
  return text.substr(0, end) + rest;
}

// Paths to many have many values, and those of several are combined with each other.
constexpr std::size_t combinations_max = 100'000;
constexpr std::size_t comparisons_max = 10'000'000;

void require_few(std::size_t one, std::size_t other, std::size_t most) {
  if (one > 1 && other > 1 && one > most / other)
    throw fault(fault_kind::invalid,
                "the filter combines more than " + std::to_string(most) + " values of one entity with each other",
                "$filter");
}

}  // namespace

bool evaluator::holds(expression const& e, item const& i) const { return truth(e, i, {}) == true; }

operand evaluator::key_of(expression const& e, item const& i) const {
  auto const found = all_of(e, i, {});
  if (found.empty()) return operand(json::value());
  auto const& key = found.front();
  if (auto const* const d = std::get_if<elapsed>(&key)) return json::value(d->us);
  if (std::get_if<place>(&key)) return json::value();
  auto const* const v = json_of(key);
  if (!v) return key;
  // Times are kept as text in a property: in order they are points in time.
  if (v->is_string() && v->as_string().size() >= 20 && v->as_string()[4] == '-') {
    if (auto const s = parse_span(v->as_string())) return *s;
  }
  if (v->is_array() || v->is_object()) return json::value(short_enough(json::to_string(*v)));
  if (v->is_string() && v->as_string().size() > key_bytes_max) return json::value(short_enough(std::string(v->as_string())));
  return key;
}

std::optional<bool> evaluator::truth(expression const& e, item const& i, variables const& bound) const {
  switch (e.what) {
    case operation::either:
    case operation::both: {
      auto const decides = e.what == operation::either;
      auto const a = truth(*e.parts[0], i, bound);
      if (a == decides) return a;
      auto const b = truth(*e.parts[1], i, bound);
      if (b == decides) return b;
      return a && b ? std::optional(!decides) : std::nullopt;
    }
    case operation::negate: {
      auto const inner = truth(*e.parts[0], i, bound);
      return inner ? std::optional(!*inner) : std::nullopt;
    }
    case operation::any_of:
    case operation::all_of: {
      auto const wanted = e.what == operation::any_of;
      auto const found = any_at(i, i, e.path, 0, e, wanted, bound);
      return wanted ? found : !found;
    }
    case operation::is_in: {
      auto const a = all_of(*e.parts[0], i, bound);
      auto const b = all_of(*e.parts[1], i, bound);
      require_few(a.size(), b.size(), comparisons_max);
      for (auto const& x : a) {
        for (auto const& y : b) {
          auto const* const list = json_of(y);
          if (list && list->is_array()) {
            for (auto const& z : list->as_array()) {
              if (sensorthings::holds(operation::equal, x, z)) return true;
            }
          } else if (sensorthings::holds(operation::equal, x, y)) {
            return true;
          }
        }
      }
      return false;
    }
    case operation::equal:
    case operation::not_equal:
    case operation::less:
    case operation::less_equal:
    case operation::greater:
    case operation::greater_equal: {
      auto const a = all_of(*e.parts[0], i, bound);
      auto const b = all_of(*e.parts[1], i, bound);
      require_few(a.size(), b.size(), comparisons_max);
      auto is_known = false;
      for (auto const& x : a) {
        for (auto const& y : b) {
          auto const relates = related(e, x, y);
          if (relates == true) return true;
          is_known = is_known || relates;
        }
      }
      return is_known ? std::optional(false) : std::nullopt;
    }
    default: {
      auto const found = all_of(e, i, bound);
      if (std::any_of(found.begin(), found.end(), is_true)) return true;
      auto const is_false = [](operand const& o) { return json_of(o) && json_of(o)->is_bool(); };
      return std::any_of(found.begin(), found.end(), is_false) ? std::optional(false) : std::nullopt;
    }
  }
}

evaluator::values evaluator::all_of(expression const& e, item const& i, variables const& bound) const {
  switch (e.what) {
    case operation::literal:
      return {e.literal};
    case operation::path:
      return at_path(e, i, bound);
    case operation::call:
      return call(e, i, bound);
    case operation::list: {
      auto all = values();
      for (auto const& p : e.parts) {
        for (auto& v : all_of(*p, i, bound)) all.push_back(std::move(v));
      }
      return all;
    }
    case operation::plus:
    case operation::minus:
    case operation::times:
    case operation::divided:
    case operation::modulo: {
      auto results = values();
      auto const a = all_of(*e.parts[0], i, bound);
      auto const b = all_of(*e.parts[1], i, bound);
      require_few(a.size(), b.size(), combinations_max);
      for (auto const& x : a) {
        for (auto const& y : b) results.push_back(arithmetic(e.what, x, y));
      }
      return results;
    }
    default: {
      auto const t = truth(e, i, bound);
      return {t ? json::value(*t) : json::value()};
    }
  }
}

evaluator::values evaluator::at_path(expression const& e, item const& i, variables const& bound) const {
  auto found = values();
  auto at = std::size_t(0);
  auto const* from = &i;
  if (e.path[0].starts_with('$')) {
    auto const name = std::string_view(e.path[0]).substr(1);
    for (auto const& [variable, value] : bound) {
      if (variable == name) from = value;
    }
    at = 1;
    if (e.path.size() == 1) return {json::value(from->id)};
  }
  walk(*from, e.path, at, found);
  if (found.empty()) found.push_back(operand(json::value()));
  return found;
}

void evaluator::walk(item const& i, std::vector<std::string> const& path, std::size_t at, values& out) const {
  auto const* const n = describe(i.what).find_navigation(path[at]);
  if (n && at + 1 == path.size()) {
    // The entity itself stands for its id.
    if (!n->many) {
      if (auto const next = reader_.follow(i, *n)) out.push_back(json::value(next->id));
    } else {
      reader_.for_each(i, *n, {}, [&](item const& next) { return out.push_back(json::value(next.id)), true; });
    }
    return;
  }
  if (n && !n->many) {
    if (auto const next = reader_.follow(i, *n)) walk(*next, path, at + 1, out);
    return;
  }
  if (n) {
    reader_.for_each(i, *n, {}, [&](item const& next) {
      walk(next, path, at + 1, out);
      return true;
    });
    return;
  }
  if (i.what == kind::observation && path[at] == "phenomenonTime" && at + 1 == path.size()) {
    auto const end = find_time(*i.moment, extra::end_time);
    out.push_back(span{i.moment->time, end.value_or(i.moment->time), !end});
    return;
  }
  auto const property = path[at];
  auto const is_whole = at + 1 == path.size();
  auto const* const p = describe(i.what).find_property(property);
  auto const lasts = p && (p->content == content::time || p->content == content::interval);
  if (lasts && at + 2 == path.size() && (path[at + 1] == "start" || path[at + 1] == "end")) {
    auto const v = reader_.value(i, property);
    auto const s = v.is_string() ? parse_span(v.as_string()) : std::nullopt;
    auto const t = s ? path[at + 1] == "start" ? s->from : s->to : no_time;
    out.push_back(s ? operand(span{t, t, true}) : operand(json::value()));
    return;
  }
  auto v = reader_.value(i, property);
  for (++at; at < path.size(); ++at) {
    auto next = json::value();
    if (v.is_array()) {
      auto const index = text::to_int(path[at]);
      if (index && *index >= 0 && std::size_t(*index) < v.as_array().size()) next = v.as_array()[std::size_t(*index)];
    } else if (auto const* const inner = v.find(path[at])) {
      next = *inner;
    }
    v = std::move(next);
  }
  auto const is_time = is_whole && p && (lasts || p->content == content::instant);
  if (is_time && v.is_string()) {
    if (auto const s = parse_span(v.as_string())) {
      out.push_back(*s);
      return;
    }
  }
  out.push_back(std::move(v));
}

// Whether the condition is `wanted` of one that the path leads to.
bool evaluator::any_at(item const& outer, item const& i, std::vector<std::string> const& path, std::size_t at,
                       expression const& e, bool wanted, variables const& bound) const {
  auto const* from = &i;
  if (at == 0 && path[0].starts_with('$')) {
    for (auto const& [variable, value] : bound) {
      if (variable == std::string_view(path[0]).substr(1)) from = value;
    }
    at = 1;
  }
  if (at == path.size()) {
    auto inner = bound;
    inner.emplace_back(e.name, from);
    return truth(*e.parts[0], outer, inner) == wanted;  // names without a variable are those of the outermost item
  }
  auto const* const n = describe(from->what).find_navigation(path[at]);
  if (!n) return false;
  if (!n->many) {
    auto const next = reader_.follow(*from, *n);
    return next && any_at(outer, *next, path, at + 1, e, wanted, bound);
  }
  auto found = false;
  reader_.for_each(*from, *n, {}, [&](item const& next) {
    found = any_at(outer, next, path, at + 1, e, wanted, bound);
    return !found;
  });
  return found;
}

evaluator::values evaluator::call(expression const& e, item const& i, variables const& bound) const {
  auto const& name = e.name;
  auto const instant = [](timestamp t) { return values{span{t, t, true}}; };
  if (name == "now") return instant(reader_.now());
  if (name == "mindatetime") return instant(timestamp_min);
  if (name == "maxdatetime") return instant(timestamp_max);
  // Every combination of the arguments' values.
  auto arguments = std::vector<std::vector<operand>>(1);
  for (auto const& p : e.parts) {
    auto const found = all_of(*p, i, bound);
    require_few(arguments.size(), found.size(), combinations_max);
    auto more = std::vector<std::vector<operand>>();
    for (auto const& a : arguments) {
      for (auto const& v : found) {
        more.push_back(a);
        more.back().push_back(v);
      }
    }
    arguments = std::move(more);
  }
  auto results = values();
  for (auto const& a : arguments) results.push_back(call_function(name, a));
  return results;
}

}  // namespace dos::sensorthings

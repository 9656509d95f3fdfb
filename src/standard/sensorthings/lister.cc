#include "standard/sensorthings/lister.h"

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"
#include "base/work_budget.h"

namespace dos::sensorthings {
namespace {

using path_words = std::initializer_list<std::string_view>;

bool is_path(std::vector<std::string> const& path, path_words words) {
  return std::equal(path.begin(), path.end(), words.begin(), words.end());
}
bool is_path(expression const& e, path_words words) { return e.what == operation::path && is_path(e.path, words); }

// What the index of the history can do of a filter. True: all of it, for observations that lasted no time; of others,
// and otherwise, the filter is asked all the same.
bool narrow(expression const& e, time_bounds& b) {
  if (e.what == operation::both) {
    auto const left = narrow(*e.parts[0], b);
    auto const right = narrow(*e.parts[1], b);
    return left && right;
  }
  if (e.what == operation::call && e.name == "during" && is_path(*e.parts[0], {"phenomenonTime"})) {
    auto const* const s = std::get_if<span>(&e.parts[1]->literal);
    if (e.parts[1]->what != operation::literal || !s) return false;
    b.from = std::max(b.from, s->from);
    b.to = std::min(b.to, s->to + 1);
    return false;
  }
  auto const c = read_comparison(e);
  auto const* const s = c && is_path(*c->path, {"phenomenonTime"}) ? std::get_if<span>(c->literal) : nullptr;
  if (!s) return false;
  auto const relation = c->relation;
  auto const after = s->is_instant ? s->to + 1 : s->to;
  if (relation == operation::greater) b.from = std::max(b.from, after);
  if (relation == operation::greater_equal || relation == operation::equal) b.from = std::max(b.from, s->from);
  if (relation == operation::less && s->is_instant) b.to = std::min(b.to, s->from);
  if (relation == operation::less || relation == operation::less_equal || relation == operation::equal) {
    b.to = std::min(b.to, s->from + 1);
  }
  return s->is_instant && relation != operation::equal && relation != operation::not_equal;
}

// "PATH eq 7" that has to hold.
std::optional<std::uint64_t> required_id(expression const& e, path_words path) {
  if (e.what == operation::both) {
    auto const left = required_id(*e.parts[0], path);
    return left ? left : required_id(*e.parts[1], path);
  }
  auto const c = e.what == operation::equal ? read_comparison(e) : std::nullopt;
  auto const* const v = c && is_path(*c->path, path) ? std::get_if<json::value>(c->literal) : nullptr;
  return v && v->is_int() && v->as_int() >= 0 ? std::optional(std::uint64_t(v->as_int())) : std::nullopt;
}

// The order of the history itself, if that is asked for: +1 up, -1 down.
int by_time(collection const& c, std::vector<order_key> const& order) {
  auto const property = c.what == kind::observation ? std::string_view("phenomenonTime") : std::string_view("time");
  if (order.empty() || !is_path(*order[0].by, {property})) return 0;
  if (order.size() > 2) return 0;
  if (order.size() == 2 && (!is_path(*order[1].by, {"id"}) || order[1].descending != order[0].descending)) return 0;
  return order[0].descending ? -1 : 1;
}

bool is_by_series(kind k) { return k == kind::observation || k == kind::historical_location; }

bool is_one_series(collection const& c) {
  return c.from && ((c.what == kind::observation && c.from->what != kind::feature) ||
                    (c.what == kind::historical_location && c.from->what == kind::thing));
}

json::value to_json(operand const& o) {
  if (auto const* const v = std::get_if<json::value>(&o)) return *v;
  if (auto const* const s = std::get_if<span>(&o)) return json::array{s->from.us, s->to.us};
  return nullptr;
}
operand from_json(json::value const& v) {
  if (!v.is_array()) return v;
  auto const& a = v.as_array();
  require(a.size() == 2 && a[0].is_int() && a[1].is_int(), fault_kind::malformed, "this $skiptoken is none of ours",
          "$skiptoken");
  return span{{a[0].as_int()}, {a[1].as_int()}, a[0].as_int() == a[1].as_int()};
}

std::string make_token(json::array a) { return text::to_base64url(json::to_string(a)); }
json::array read_token(std::string const& token, std::size_t size) {
  auto const bytes = text::from_base64(token);
  auto parsed = json::value();
  try {
    if (bytes) parsed = json::parse(*bytes);
  } catch (fault const&) {
    parsed = nullptr;
  }
  require(parsed.is_array() && parsed.as_array().size() == size, fault_kind::malformed,
          "this $skiptoken is none of ours", "$skiptoken");
  return parsed.as_array();
}
std::int64_t integer_at(json::array const& a, std::size_t i) {
  require(a[i].is_int(), fault_kind::malformed, "this $skiptoken is none of ours", "$skiptoken");
  return a[i].as_int();
}

}  // namespace

void lister::stream(collection const& c, expression const* filter, std::uint64_t from_id, time_bounds const& bounds,
                    visitor const& visit_each) const {
  auto const visit = [&](item const& i) {
    spend();
    return visit_each(i);
  };
  if (c.from) return reader_.for_each(*c.from, *c.by, bounds, visit);
  auto const found = filter ? candidates_.find(c.what, *filter) : std::nullopt;
  if (!found) return reader_.for_each(c.what, from_id, bounds, visit);
  auto goes_on = true;
  if (c.what == kind::historical_location) {
    auto all = std::vector<item>();
    for (auto const n : *found) {
      auto i = reader_.find(c.what, n);
      if (i && i->series.series >= from_id) all.push_back(std::move(*i));
    }
    std::sort(all.begin(), all.end(), [](item const& a, item const& b) {
      return a.series.series != b.series.series ? a.series.series < b.series.series : a.moment->moment() < b.moment->moment();
    });
    for (auto i = all.begin(); goes_on && i != all.end(); ++i) goes_on = visit(*i);
    return;
  }
  for (auto n = std::lower_bound(found->begin(), found->end(), from_id); goes_on && n != found->end(); ++n) {
    if (c.what != kind::observation) {
      auto const i = reader_.find(c.what, *n);
      goes_on = !i || visit(*i);
      continue;
    }
    for (auto const k : {kind::datastream, kind::multi_datastream}) {
      auto const stream = reader_.find(k, *n);
      if (!stream) continue;
      auto here = bounds;
      if (*n != from_id) here.after.reset();
      reader_.for_each(*stream, *describe(k).find_navigation("Observations"), here,
                       [&](item const& o) { return goes_on = visit(o); });
    }
  }
}

// Of those whose observations can satisfy the filter.
void lister::for_each_datastream(expression const* filter, visitor const& visit) const {
  auto const found = filter ? candidates_.find(kind::observation, *filter) : std::nullopt;
  for (auto const k : {kind::datastream, kind::multi_datastream}) {
    if (!found) {
      reader_.for_each(k, 0, {}, visit);
      continue;
    }
    for (auto const n : *found) {
      if (auto const stream = reader_.find(k, n)) visit(*stream);
    }
  }
}

void lister::for_each(collection const& c, query_options const& o, visitor const& visit) const {
  auto bounds = time_bounds();
  if (c.what == kind::observation && o.filter) narrow(*o.filter, bounds);
  stream(c, o.filter.get(), 0, bounds, [&](item const& i) { return (o.filter && !evaluate_.holds(*o.filter, i)) || visit(i); });
}

std::uint64_t lister::count(collection const& c, query_options const& o) const {
  if (!o.filter && c.what == kind::observation && is_one_series(c)) {
    if (auto const n = reader_.count_observations(*c.from)) return *n;
  }
  auto n = std::uint64_t(0);
  if (!o.filter && c.what == kind::observation && !c.from) {
    for (auto const k : {kind::datastream, kind::multi_datastream}) {
      reader_.for_each(k, 0, {}, [&](item const& stream) {
        n += reader_.count_observations(stream).value_or(0);
        return true;
      });
    }
    return n;
  }
  for_each(c, o, [&](item const&) { return ++n, true; });
  return n;
}

page lister::list(collection c, query_options const& o) const {
  auto const most = c.what == kind::observation ? limits_.observations_page_max : limits_.page_max;
  auto const size = std::min(o.top.value_or(limits_.page_default), most);
  if (o.filter && c.what == kind::observation && !c.from) {
    for (auto const k : {kind::datastream, kind::multi_datastream}) {
      auto const id = required_id(*o.filter, {describe(k).singular, "id"});
      auto const stream = id ? reader_.find(k, *id) : std::nullopt;
      if (stream) c = {kind::observation, *stream, describe(k).find_navigation("Observations")};
    }
  }
  auto bounds = time_bounds();
  if (c.what == kind::observation && o.filter) bounds.tells_all = narrow(*o.filter, bounds);
  auto const direction = by_time(c, o.order);
  auto result = page();
  if (auto const id = o.filter && !c.from ? required_id(*o.filter, {"id"}) : std::nullopt) {
    auto const i = reader_.find(c.what, *id);
    auto const is_there = i && evaluate_.holds(*o.filter, *i);
    if (is_there && o.skip == 0 && size > 0 && o.token.empty()) result.items.push_back(*i);
    if (o.count) result.count = is_there ? 1 : 0;
    return result;
  }
  auto const is_mixed =
      c.from && !is_one_series(c) && (c.what == kind::observation || c.what == kind::historical_location);
  if ((o.order.empty() && !is_mixed) || (direction != 0 && is_one_series(c))) {
    bounds.descending = direction < 0;
    result = in_natural_order(c, o, bounds, size);
  } else {
    if (c.what == kind::observation && direction < 0) bounds.descending = true;
    result = in_order(c, o, bounds, size);
  }
  if (o.count) result.count = count(c, o);
  return result;
}

page lister::in_natural_order(collection const& c, query_options const& o, time_bounds bounds, std::size_t size) const {
  auto result = page();
  auto from_id = std::uint64_t(0);
  auto const in_series = is_one_series(c);
  auto const across = is_by_series(c.what) && !c.from;
  auto behind = std::optional<std::uint64_t>();  // the last id seen
  auto resume = std::optional<moment>();         // in the series `from_id`
  if (!o.token.empty()) {
    auto const t = read_token(o.token, in_series ? 2 : across ? 3 : 1);
    if (in_series) {
      bounds.after = moment{{integer_at(t, 0)}, std::uint64_t(integer_at(t, 1))};
    } else if (across) {
      from_id = std::uint64_t(integer_at(t, 0));
      bounds.after = resume = moment{{integer_at(t, 1)}, std::uint64_t(integer_at(t, 2))};
    } else {
      behind = std::uint64_t(integer_at(t, 0));
      from_id = *behind + 1;
    }
  }
  auto skip = o.token.empty() ? o.skip : 0;
  auto const take = [&](item const& i) {
    if (behind && c.from && i.id <= *behind) return true;
    if (resume && i.series.series == from_id && i.moment->moment() <= *resume) return true;
    auto const is_told = bounds.tells_all && !i.moment->extras.find(extra::end_time);
    if (o.filter && !is_told && !evaluate_.holds(*o.filter, i)) return true;
    if (skip > 0) return --skip, true;
    if (result.items.size() == size) {
      if (size == 0) return false;
      auto const& last = result.items.back();
      result.next = in_series ? make_token({last.moment->time.us, last.id})
                    : across  ? make_token({last.series.series, last.moment->time.us, last.id})
                              : make_token({last.id});
      return false;
    }
    result.items.push_back(i);
    return true;
  };
  if (size > 0) stream(c, o.filter.get(), from_id, bounds, take);
  return result;
}

page lister::in_order(collection const& c, query_options const& o, time_bounds const& bounds, std::size_t size) const {
  struct entry {
    std::vector<operand> keys;
    item what;
  };
  auto const is_before = [&](entry const& a, entry const& b) {
    for (auto k = std::size_t(0); k < o.order.size(); ++k) {
      auto const order = sensorthings::sort(a.keys[k], b.keys[k]);
      if (order != 0) return o.order[k].descending ? order > 0 : order < 0;
    }
    return a.what.id < b.what.id;
  };
  auto last = std::optional<entry>();
  if (!o.token.empty()) {
    auto const t = read_token(o.token, o.order.size() + 1);
    last.emplace();
    for (auto k = std::size_t(0); k < o.order.size(); ++k) last->keys.push_back(from_json(t[k]));
    last->what.id = std::uint64_t(integer_at(t, o.order.size()));
  }
  auto const skip = o.token.empty() ? o.skip : 0;
  auto const wanted = skip + size + 1;
  auto best = std::vector<entry>();
  // Of each series only its first ones can be among them, when the order is that of time.
  auto const by_series = c.what == kind::observation && by_time(c, o.order) != 0 && o.order.size() == 1 && !last;
  auto series = std::uint64_t(0);
  auto of_series = std::size_t(0);
  auto const cut = [&](std::size_t n) {
    if (best.size() <= n) return;
    std::nth_element(best.begin(), best.begin() + std::ptrdiff_t(n), best.end(), is_before);
    best.erase(best.begin() + std::ptrdiff_t(n), best.end());
  };
  auto const add = [&](item const& i) {
    if (o.filter && !evaluate_.holds(*o.filter, i)) return true;
    auto e = entry{{}, i};
    for (auto const& k : o.order) e.keys.push_back(evaluate_.key_of(*k.by, i));
    if (last && !is_before(*last, e)) return true;
    if (i.series.series != series) {
      series = i.series.series;
      of_series = 0;
    }
    best.push_back(std::move(e));
    if (best.size() > wanted * 2 + 1'000) cut(wanted);
    return !by_series || ++of_series < wanted;
  };
  if (by_series && !c.from) {
    for_each_datastream(o.filter.get(), [&](item const& stream) {
      reader_.for_each(stream, *describe(stream.what).find_navigation("Observations"), bounds, add);
      return true;
    });
  } else {
    stream(c, o.filter.get(), 0, bounds, add);
  }
  std::sort(best.begin(), best.end(), is_before);
  auto result = page();
  for (auto i = skip; i < best.size() && result.items.size() < size; ++i) result.items.push_back(best[i].what);
  if (best.size() > skip + size && size > 0) {
    auto token = json::array();
    auto const& end = best[skip + size - 1];
    for (auto const& k : end.keys) token.push_back(to_json(k));
    token.push_back(end.what.id);
    result.next = make_token(std::move(token));
  }
  return result;
}

}  // namespace dos::sensorthings

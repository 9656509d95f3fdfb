// What a policy costs: `policy_bench [entities]`, by default 100,000. A query under ten grants beside the administrator's equal
// one, written by hand; one where everything is open beside one without any policy; compiling 2,000 grants. Prints one figure a
// line: name, value, unit. Times are processor time of the one thread that works.
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "kernel/graph/entity_store.h"
#include "kernel/model/view.h"

namespace {

using namespace dos;

auto const type = symbol("urn:Booking");
auto const value = symbol("urn:value");
auto const part = symbol("urn:part");
auto const owner = symbol("urn:owner");

double now_s() {
  auto t = timespec();
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

query::node_ptr compares(symbol attribute_name, query::relation r, query::operand o) {
  auto p = query::path();
  p.attribute = attribute_name;
  return query::compare(std::move(p), r, std::move(o));
}

model::grant reads(symbol of, model::condition where = {}) {
  auto g = model::grant();
  g.may = model::grant::read;
  g.types = {of};
  g.where = std::move(where);
  return g;
}

model::registry_ptr registry_of(std::vector<model::grant> grants) {
  auto r = model::role();
  r.name = "member";
  r.grants = std::move(grants);
  return std::make_shared<model::registry const>(1, "", std::vector<std::shared_ptr<model::type const>>(), std::vector{std::move(r)});
}

model::view_ptr view_of(model::registry_ptr const& r) {
  auto who = principal();
  who.role = role::member;
  auto rules = model::plain_rules();
  rules.is_open = [](symbol) { return true; };
  rules.is_brought = [](entity const&) { return false; };
  return std::make_shared<model::view const>(model::policy::of(r, who), std::make_shared<principal const>(who), timestamp{1}, rules);
}

query::query asking(query::node_ptr filter) {
  auto q = query::query();
  q.selectors.push_back({{}, nullptr, {{type}}});
  q.filter = std::move(filter);
  q.count = true;
  return q;
}

// Median time of the two in turn, so that what else runs concerns both.
template <typename One, typename Other>
double ratio(int n, One const& one, Other const& other) {
  auto times = std::pair<std::vector<double>, std::vector<double>>();
  auto const timed = [](auto const& work) {
    auto const from = now_s();
    work();
    return now_s() - from;
  };
  for (auto i = 0; i < n + 5; ++i) {
    auto const a = timed(one), b = timed(other);
    if (i < 5) continue;
    times.first.push_back(a);
    times.second.push_back(b);
  }
  for (auto* const t : {&times.first, &times.second}) std::nth_element(t->begin(), t->begin() + n / 2, t->end());
  return times.first[std::size_t(n / 2)] / times.second[std::size_t(n / 2)];
}

std::size_t ask_through(entity_store const& store, model::view const& v, query::query q) {
  auto page = store.find(v.narrowed(std::move(q)));
  for (auto& e : page.entities) e = v.masked(e);
  return page.total.value_or(0);
}

}  // namespace

int main(int argc, char** argv) {
  auto const n = argc > 1 ? std::size_t(std::atoll(argv[1])) : 100'000;
  auto random = std::mt19937_64(42);
  auto store = entity_store();
  for (auto i = std::size_t(0); i < n; ++i) {
    auto e = entity();
    e.id = "urn:x:" + std::to_string(i);
    e.types = {type};
    auto const add = [&](symbol name, json::value v) {
      auto a = attribute();
      a.name = name;
      a.value = std::move(v);
      e.attributes.push_back(make_attribute(std::move(a)));
    };
    add(value, std::int64_t(random() % 1000));
    add(part, "part " + std::to_string(random() % 100));
    add(owner, "somebody " + std::to_string(random() % 1000));
    store.put(make_ref<entity>(std::move(e)));
  }

  // Ten grants, each of a part; half of them show the value.
  auto grants = std::vector<model::grant>();
  auto rows = std::vector<query::node_ptr>(), values = std::vector<query::node_ptr>();
  for (auto i = 0; i < 10; ++i) {
    auto const where = compares(part, query::relation::equal, json::value("part " + std::to_string(i)));
    rows.push_back(where);
    grants.push_back(reads(type, model::condition(where)));
    if (i % 2) {
      grants.back().shows = model::grant::extent::except;
      grants.back().attributes = {value};
    } else {
      values.push_back(where);
    }
  }
  auto const of_ten = registry_of(grants);
  for (auto const& [name, limit] : {std::pair("rows", std::int64_t(50)), std::pair("many_rows", std::int64_t(700))}) {
    auto const leaf = compares(value, query::relation::less, json::value(limit));
    auto const by_hand = query::all({query::any(rows), query::all({query::any(values), leaf})});
    auto const r = ratio(200, [&] { ask_through(store, *view_of(of_ten), asking(leaf)); }, [&] { store.find(asking(by_hand)); });
    if (ask_through(store, *view_of(of_ten), asking(leaf)) != store.find(asking(by_hand)).total) return 1;
    std::printf("ten_grants_%s_by_hand %.4g x\n", name, r);
  }
  auto const all_open = registry_of({reads(type)});
  auto const leaf = compares(value, query::relation::less, json::value(std::int64_t(700)));
  std::printf("everything_open_by_none %.4g x\n",
              ratio(400, [&] { ask_through(store, *view_of(all_open), asking(leaf)); }, [&] { store.find(asking(leaf)); }));

  auto many = std::vector<model::grant>();
  for (auto i = 0; i < 2000; ++i) many.push_back(reads(symbol("urn:T" + std::to_string(i)), grants[std::size_t(i % 10)].where));
  auto const of_many = registry_of(std::move(many));
  auto who = principal();
  who.role = role::member;
  auto const from = now_s();
  for (auto i = 0; i < 20; ++i) model::policy::of(of_many, who);
  std::printf("compile_2000_grants %.4g ms\n", (now_s() - from) / 20 * 1000);
  return 0;
}

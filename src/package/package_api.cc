#include "package/package_api.h"

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"
#include "contract/city_names.h"
#include "contract/list.h"
#include "http/problem.h"

namespace dos::package {
namespace {

std::string root_of(session const& s) { return "/" + s.city().id() + "/platform/v1"; }

json::object told(desk const& d, std::string const& id, bundle const& b, json::value const* record) {
  auto o = json::object{{"id", id}, {"kind", b.is_measure ? "measure" : "module"}};
  for (auto const* const key : {"title", "summary", "version", "licence", "origin", "needs"}) {
    if (auto const* const v = b.head.find(key)) o.push(key, *v);
  }
  o.push("state", record ? record->text_or("state", "on") : "available");
  o.push("digest", b.digest);
  if (auto const installed = d.installed.find(id)) o.push("installed_digest", installed->digest);
  if (record) {
    for (auto const* const key : {"values", "at", "by"}) {
      if (auto const* const v = record->find(key)) o.push(key, *v);
    }
  }
  if (auto const* const v = b.head.find("values")) o.push("takes", *v);
  return o;
}

json::object shown_job(json::value const& job) {
  auto o = json::object();
  for (auto const& m : job.as_object()) {
    if (m.key != "wish") o.push(m.key, m.value);
  }
  return o;
}

http::response accepted(session const& s, std::string const& job) {
  auto const where = root_of(s) + "/jobs/" + job;
  auto r = http::json(202, json::to_string(json::object{{"job", job}, {"href", where}}));
  r.headers.add("Location", where);
  return r;
}

http::response refused(problems const& wrong) {
  auto const& kind = http::get_problem_kind(fault_kind::invalid);
  auto const body = json::object{{"type", kind.type}, {"title", kind.title}, {"status", kind.status},
                                 {"detail", wrong.empty() ? std::string() : to_text(wrong[0])}, {"problems", to_json(wrong)}};
  return http::with_body(400, "application/problem+json", json::to_string(body));
}

wish read_wish(std::string id, http::request const& r) {
  auto w = wish{.id = std::move(id)};
  auto const type = r.headers.text_or("Content-Type", "");
  if (r.query.contains("modules")) w.allows_modules = r.query.text_or("modules", "") == "true";
  if (r.body.empty()) return w;
  if (type.find("json") == type.npos) {
    w.content = read_archive(r.body);
    return w;
  }
  auto const body = json::parse(r.body);
  require(body.is_object(), fault_kind::invalid, "expected an object");
  for (auto const& m : body.as_object()) {
    if (m.key == "values") {
      require(m.value.is_object(), fault_kind::invalid, "values are members with what the city says", "values");
      w.values = m.value;
    } else if (m.key == "take") {
      require(m.value == json::value("installed"), fault_kind::invalid, "take is \"installed\" or not there", "take");
      w.take_installed = true;
    } else if (m.key == "state") {
      require(m.value == json::value("on") || m.value == json::value("off"), fault_kind::invalid, "state is on or off", "state");
      w.is_off = m.value == json::value("off");
    } else if (m.key == "modules") {
      require(m.value.is_bool(), fault_kind::invalid, "modules is true or false", "modules");
      w.allows_modules = m.value.as_bool();
    } else {
      throw fault(fault_kind::invalid, "unknown member \"" + m.key + "\"; known: values, take, state, modules", m.key);
    }
  }
  return w;
}

void ask_for(desk& d, session const& s, wish w, http::reply const& answer) {
  auto wrong = problems();
  auto const job = d.changes.request(d.of(s.city()), std::move(w), s.who().name, wrong);
  answer(wrong.empty() ? accepted(s, job) : refused(wrong));
}

}  // namespace

city_packages const& desk::of(city const& c) const {
  auto const it = std::find_if(cities.begin(), cities.end(), [&](auto const& p) { return &p->where() == &c; });
  DOS_CHECK(it != cities.end());
  return **it;
}

void list_packages::operator()(session s, http::request r, http::reply answer) const {
  auto const page = read_list_page(r);
  auto const& where = with_->of(s.city());
  auto items = std::map<std::string, json::object>();
  s.for_each_record(package_collection, "", [&](std::string_view id, record_ptr const& its) {
    items[std::string(id)] = told(*with_, std::string(id), *where.bundle_of(*its), its.get());
    return true;
  });
  for (auto const& [id, b] : with_->installed.all()) {
    if (!items.contains(id)) items[id] = told(*with_, id, *b, nullptr);
  }
  auto list = json::array();
  for (auto& [id, o] : items) list.push_back(std::move(o));
  answer(list_response(std::move(list), page));
}

void get_package::operator()(session s, http::request r, http::reply answer) const {
  auto const id = std::string(r.param("id"));
  auto const& where = with_->of(s.city());
  auto const record = where.record_of(id);
  auto const b = record ? where.bundle_of(*record) : with_->installed.find(id);
  require(b != nullptr, fault_kind::not_found, "there is no package " + id);
  if (r.query.text_or("format", "") == "zip") {
    auto zip = http::with_body(200, "application/zip", to_zip(b->files, id));
    zip.headers.add("Content-Disposition", "attachment; filename=\"" + id + ".zip\"");
    return answer(std::move(zip));
  }
  auto o = told(*with_, id, *b, record.get());
  o.push("files", to_json(b->files));
  answer(http::json(200, json::to_string(o)));
}

void put_package::operator()(session s, http::request r, http::reply answer) const {
  ask_for(*with_, s, read_wish(std::string(r.param("id")), r), answer);
}

void delete_package::operator()(session s, http::request r, http::reply answer) const {
  auto const id = std::string(r.param("id"));
  require(with_->of(s.city()).record_of(id) != nullptr, fault_kind::not_found, "the city has no package " + id);
  ask_for(*with_, s, {.id = id, .is_off = true}, answer);
}

void list_jobs::operator()(session s, http::request r, http::reply answer) const {
  auto const page = read_list_page(r);
  auto all = std::vector<std::pair<std::string, json::object>>();
  s.for_each_record(job_collection, "", [&](std::string_view, record_ptr const& job) {
    all.emplace_back(job->text_or("at", ""), shown_job(*job));
    return true;
  });
  std::sort(all.begin(), all.end(), [](auto const& a, auto const& b) { return a.first > b.first; });
  auto items = json::array();
  for (auto& [at, o] : all) items.push_back(std::move(o));
  answer(list_response(std::move(items), page));
}

void get_job::operator()(session s, http::request r, http::reply answer) const {
  answer(http::json(200, json::to_string(shown_job(*s.get_record(job_collection, r.param("id"))))));
}

void get_package_context::operator()(session s, http::request r, http::reply answer) const {
  auto const record = r.param("digest") == current_context ? nullptr : s.find_record(package_context_collection, r.param("digest"));
  require(record != nullptr, fault_kind::not_found, "there is no such context");
  auto a = http::with_body(200, "application/ld+json", json::to_string(json::object{{"@context", *record->find("@context")}}));
  a.headers.add("Access-Control-Allow-Origin", "*");
  a.headers.add("Cache-Control", "public, max-age=31536000, immutable");
  answer(std::move(a));
}

}  // namespace dos::package

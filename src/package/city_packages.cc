#include "package/city_packages.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "base/fault.h"
#include "base/log.h"
#include "contract/city_names.h"
#include "linked_data/fragment.h"

namespace dos::package {
namespace {

std::uint32_t changed_of(json::value const& record) {
  auto const* const n = record.find("changed");
  return n && n->is_int() ? std::uint32_t(n->as_int()) : 0;
}

bool is_off(json::value const& record) { return record.text_or("state", "on") == "off"; }

json::value values_of(json::value const& record) {
  auto const* const v = record.find("values");
  return v && v->is_object() ? *v : json::value(json::object());
}

}  // namespace

city_packages::city_packages(node const& n, library const& l, std::shared_ptr<city> c) : node_(n), library_(l), city_(std::move(c)) {
  auto const file = n.default_context_file(city_->id());
  if (file.empty()) return;
  auto in = std::ifstream(file, std::ios::binary);
  auto const document = json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
  auto const* const inner = document.find("@context");
  context_of_file_ = inner ? *inner : document;
}

std::vector<std::pair<std::string, record_ptr>> city_packages::records() const {
  auto all = std::vector<std::pair<std::string, record_ptr>>();
  city_->for_each_record(package_collection, "", [&](std::string_view id, record_ptr const& r) {
    all.emplace_back(id, r);
    return true;
  });
  return all;
}

surroundings city_packages::around() const {
  auto a = surroundings{context_of_file_, {}};
  if (auto const current = city_->find_record(package_context_collection, current_context)) {
    if (auto const* const terms = current->find("terms")) {
      for (auto const& m : terms->as_object()) a.terms.emplace(m.key, m.value.as_string());
    }
  }
  return a;
}

bundle_ptr city_packages::bundle_of(json::value const& record) const {
  auto const digest = std::string(record.text_or("digest", ""));
  auto const key = digest + json::to_string(values_of(record));
  {
    auto const held = std::lock_guard(lock_);
    if (auto const it = read_.find(key); it != read_.end()) return it->second;
  }
  auto const content = city_->find_record(content_collection, digest);
  if (!content) throw fault(fault_kind::internal, "the content of the package " + digest + " is lost");
  auto wrong = problems();
  auto b = std::make_shared<bundle const>(read_bundle(folder_from(*content->find("files")), library_.rules(), values_of(record), wrong));
  if (!wrong.empty()) throw fault(fault_kind::invalid, to_text(wrong[0], home_of(*b)));
  auto const held = std::lock_guard(lock_);
  if (read_.size() > 2 * packages_max) read_.clear();
  return read_.emplace(key, std::move(b)).first->second;
}

void city_packages::begin() {
  auto p = make_plan({}, "");
  set_files(p.members);
  if (p.members.empty()) return;
  for (auto const& problem : with_homes(p.wrong, p.members)) {
    throw fault(fault_kind::invalid, "the packages of " + city_->id() + " can no longer be understood: " + to_text(problem));
  }
  city_->begin_with(p.made.registry);
}

package_files_ptr city_packages::files() const {
  auto const held = std::lock_guard(lock_);
  return files_;
}

void city_packages::set_files(std::vector<member_package> const& members) const {
  auto all = std::make_shared<package_files>();
  auto const add = [&](bundle const& b) {
    for (auto const& [path, text] : b.files.files) {
      if (path.starts_with("devices/") || path.starts_with("mappings/")) all->push_back({b.id, path, text});
    }
  };
  auto own = std::set<std::string_view>();
  for (auto const& m : members) {
    own.insert(m.what->id);
    add(*m.what);
  }
  for (auto const& [id, b] : library_.all()) {
    if (!own.contains(id)) add(*b);
  }
  auto const held = std::lock_guard(lock_);
  files_ = std::move(all);
}

plan city_packages::make_plan(std::vector<wish> const& wishes, std::string const& by) const {
  auto p = plan();
  auto members = std::map<std::string, member_package, std::less<>>();
  for (auto const& [id, r] : records()) {
    p.before = std::max(p.before, changed_of(*r));
    members[id] = {bundle_of(*r), changed_of(*r), is_off(*r)};
  }
  p.after = wishes.empty() ? p.before : p.before + 1;
  auto ids = std::vector<std::string>();
  for (auto const& [id, m] : members) ids.push_back(id);
  auto const take = [&](wish const& w) {
    auto const old = record_of(w.id);
    auto files = w.content;
    if (!files && old && !w.take_installed) files = members.at(w.id).what->files;
    if (!files) {
      auto const installed = library_.find(w.id);
      require(installed != nullptr, fault_kind::not_found, "there is no package " + w.id);
      files = installed->files;
    }
    auto const values = w.values ? *w.values : old ? values_of(*old) : json::value(json::object());
    auto wrong = problems();
    auto b = std::make_shared<bundle const>(read_bundle(*files, library_.rules(), values, wrong));
    if (wrong.empty() && b->id != w.id) wrong.push_back(b->at(b->is_measure ? "measure.yaml" : "module.yaml", "id", "is not " + w.id));
    auto const allows = w.allows_modules || (old && old->find("modules") && old->find("modules")->as_bool());
    if (b->has_modules && !allows) wrong.push_back({"web", 0, "", "has scripts that run in browsers; an administrator has to allow them (modules=true)"});
    if (!wrong.empty()) p.wrong[w.id] = std::move(wrong);
    if (!city_->find_record(content_collection, b->digest)) p.contents[b->digest] = json::object{{"id", w.id}, {"files", to_json(b->files)}};
    auto record = json::object{{"digest", b->digest}, {"state", w.is_off ? "off" : "on"}, {"values", values}, {"at", to_string(node_.clock.now())},
                               {"by", by}, {"changed", p.after}};
    if (allows) record.push("modules", true);
    p.records[w.id] = std::move(record);
    members[w.id] = {std::move(b), p.after, w.is_off};
    if (std::find(ids.begin(), ids.end(), w.id) == ids.end()) ids.push_back(w.id);
  };
  for (auto const& w : wishes) take(w);
  // What is needed comes along, as it comes with the program.
  for (auto i = std::size_t(0); i < ids.size(); ++i) {
    auto const needs = members.at(ids[i]).what->needs();
    for (auto const& n : needs) {
      if (!members.contains(n) && library_.find(n)) take({.id = n});
    }
  }
  require(ids.size() <= packages_max, fault_kind::too_many, "a city has at most " + std::to_string(packages_max) + " packages");
  auto const ordered = in_order(
      ids,
      [&](std::string_view id) -> bundle const* {
        auto const it = members.find(id);
        return it == members.end() ? nullptr : it->second.what.get();
      },
      p.wrong);
  for (auto const& id : ordered) p.members.push_back(members.at(id));
  std::erase_if(p.wrong, [](auto const& w) { return w.second.empty(); });
  if (!p.wrong.empty()) return p;
  p.made = compile(p.members, around());
  p.wrong = p.made.wrong;
  return p;
}

void city_packages::keep_contents(plan const& p) const {
  if (p.contents.empty()) return;
  for (auto const& c : p.contents) {
    writer().apply([&](transaction& t) { t.put_record(content_collection, c.first, c.second); });
  }
}

void city_packages::put_in_force(plan const& p) const {
  auto terms = json::object();
  for (auto const& [term, iri] : around().terms) terms[term] = iri;
  auto const known = terms.size();
  for (auto const& [term, iri] : p.made.terms) {
    if (core_context()->find(term)) continue;  // means the same everywhere
    terms[term] = iri;
  }
  auto const all_terms = json::value(terms);
  auto const served = context_document(context_of_file_, &all_terms);
  auto const name = context_digest(served);
  auto used = std::vector<std::string>();
  city_->for_each_record(job_collection, "", [&](std::string_view, record_ptr const& job) {  // what waits needs its own
    auto const* const wanted = job->find("wish");
    auto const state = job->text_or("state", "");
    if (wanted && (state == "waiting" || state == "running")) used.emplace_back(wanted->text_or("digest", ""));
    return true;
  });
  for (auto const& m : p.members) used.push_back(m.what->digest);
  writer().apply([&](transaction& t) {
    for (auto const& [id, record] : p.records) {
      auto const now = t.find_record(package_collection, id);
      auto const changed = now ? changed_of(*now) : 0;
      require(changed <= p.before, fault_kind::conflict, "the package " + id + " has been changed in the meantime");
    }
    for (auto const& [id, record] : p.records) t.put_record(package_collection, id, record);
    if (terms.size() != known) {
      t.put_record(package_context_collection, current_context, json::object{{"digest", name}, {"terms", terms}});
      auto kept = served.as_object();
      kept.push("at", to_string(t.now()));
      t.put_record(package_context_collection, name, std::move(kept));
    }
    t.adopt(p.made.registry);
  });
  set_files(p.members);
  // Contents that nothing names any more.
  auto gone = std::vector<std::string>();
  city_->for_each_record(content_collection, "", [&](std::string_view d, record_ptr const&) {
    if (std::find(used.begin(), used.end(), d) == used.end()) gone.emplace_back(d);
    return true;
  });
  // Contexts are kept as long as there is room: somebody may still have one of their names.
  auto contexts = std::vector<std::pair<std::string, std::string>>();
  city_->for_each_record(package_context_collection, "", [&](std::string_view d, record_ptr const& r) {
    if (d != current_context && d != name) contexts.emplace_back(r->text_or("at", ""), d);
    return true;
  });
  std::sort(contexts.begin(), contexts.end());
  auto const too_many = contexts.size() > context_documents_max ? contexts.size() - context_documents_max : 0;
  if (gone.empty() && too_many == 0) return;
  writer().apply([&](transaction& t) {
    for (auto const& d : gone) t.erase_record(content_collection, d);
    for (auto i = std::size_t(0); i < too_many; ++i) t.erase_record(package_context_collection, contexts[i].second);
  });
}

problems city_packages::plant(plan const& p) const {
  auto wrong = problems();
  auto said = json::object();
  for (auto const& [term, iri] : around().terms) said[term] = iri;
  auto const all_terms = json::value(std::move(said));
  auto const meant = terms(context_document(context_of_file_, &all_terms));
  for (auto const& m : p.members) {
    if (!p.records.contains(m.what->id) || m.is_off) continue;
    for (auto const& [path, content] : m.what->files.files) {
      if (!path.starts_with("seed/")) continue;
      auto const document = json::parse(content);
      auto const entities = document.is_array() ? document.as_array() : json::array{document};
      for (auto const& e : entities) {
        try {
          auto seed = linked_data::to_entity(linked_data::parse_entity(e, *meant.names()));
          writer().apply([&](transaction& t) {
            if (!t.find(seed.id)) t.put(std::move(seed));
          });
        } catch (fault const& f) {
          wrong.push_back({home_of(*m.what) + "/" + path, 0, f.member, std::string(e.text_or("id", "")) + ": " + f.detail});
        }
      }
    }
  }
  return wrong;
}

model::registry_ptr city_packages::of_both(plan const& p) const {
  auto const old = city_->models();
  auto types = std::vector<std::shared_ptr<model::type const>>();
  for (auto const& t : p.made.registry->types()) {
    auto const renamed = p.made.renamed.find(std::string(t->iri.text()));
    auto const* const before = old ? old->find(t->iri) : nullptr;
    if (renamed == p.made.renamed.end() || !before) {
      types.push_back(t);
      continue;
    }
    auto both = model::type(*t);
    for (auto const& [from, to] : renamed->second) {
      auto const* const rule = before->find(from);
      if (!rule || both.find(from)) continue;
      both.attributes.push_back(*rule);
      auto const place = both.places.find(to);
      for (auto* const r : {&both.attributes.back(), place == both.places.end() ? nullptr : &both.attributes[place->second]}) {
        if (r) r->required = r->is_fixed = false;  // it goes from one to the other
      }
    }
    both.finish();
    types.push_back(std::make_shared<model::type const>(std::move(both)));
  }
  return std::make_shared<model::registry const>(p.after, p.made.registry->digest() + "+", std::move(types), p.made.registry->roles());
}

problems with_homes(std::map<std::string, problems> const& wrong, std::vector<member_package> const& members) {
  auto all = problems();
  for (auto const& [id, some] : wrong) {
    auto const it = std::find_if(members.begin(), members.end(), [&, name = &id](auto const& m) { return m.what->id == *name; });
    auto const home = it == members.end() ? id : home_of(*it->what);
    for (auto p : some) {
      if (all.size() == problems_max) return all;
      p.file = home.empty() ? p.file : p.file.empty() ? home : home + "/" + p.file;
      all.push_back(std::move(p));
    }
  }
  return all;
}

}  // namespace dos::package

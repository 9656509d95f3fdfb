#include "package/compile.h"

#include <algorithm>
#include <set>

#include "base/fault.h"
#include "base/id.h"
#include "base/text.h"
#include "base/time.h"
#include "linked_data/q_parser.h"
#include "package/names.h"
#include "package/type_builder.h"

namespace dos::package {
namespace {

using wrongs = std::map<std::string, problems>;

std::uint8_t verb_of(std::string_view text) {
  return text == "read" ? model::grant::read
         : text == "create" ? model::grant::create
         : text == "change" ? model::grant::change
         : text == "act" ? model::grant::act
         : text == "administer" ? model::grant::administer : 0;
}

class role_reader {
 public:
  role_reader(names& known, std::map<symbol, model::type const*> const& types, wrongs& wrong) : names_(known), types_(types), wrong_(wrong) {}

  void read(bundle const& b) {
    auto const it = b.documents.find("roles.yaml");
    if (it == b.documents.end()) return;
    auto const* const all = it->second.find("roles");
    if (!all || !all->is_object()) return;
    by_ = &b;
    for (auto const& m : all->as_object()) {
      auto& r = role_of(m.key, b.id);
      if (auto const* const title = m.value.find("title"); title && r.words.is_null()) r.words = json::object{{"title", *title}};
      auto const* const grants = m.value.find("grants");
      if (!grants || !grants->is_array()) continue;
      for (auto i = std::size_t(0); i < grants->as_array().size(); ++i) {
        place_ = "roles." + m.key + ".grants[" + std::to_string(i) + ']';
        auto g = read_grant(grants->as_array()[i]);
        g.text = (b.is_measure ? "measures/" : "modules/") + b.id + "/roles.yaml: " + m.key + ", " + std::to_string(i + 1);
        r.grants.push_back(std::move(g));
      }
    }
  }

  std::vector<model::role> take() { return std::move(roles_); }

 private:
  // Several packages may speak of one role.
  model::role& role_of(std::string const& name, std::string const& package) {
    auto const it = std::find_if(roles_.begin(), roles_.end(), [&](auto const& r) { return r.name == name; });
    if (it != roles_.end()) return *it;
    roles_.push_back({name, package, {}, {}});
    return roles_.back();
  }

  void refuse(std::string const& member, std::string text) {
    auto& all = wrong_[by_->id];
    if (all.size() < problems_max) all.push_back(by_->at("roles.yaml", place_ + (member.empty() ? "" : "." + member), std::move(text)));
  }

  model::grant read_grant(json::value const& v) {
    auto g = model::grant();
    for (auto const& verb : texts_of(v.find("may"))) g.may |= verb_of(verb);
    g.actions = texts_of(v.find("actions"));
    if (!g.actions.empty() && !(g.may & model::grant::act)) refuse("actions", "are of `act`, which this grant does not give");
    for (auto const& t : texts_of(v.find("type"))) {
      try {
        auto const iri = names_.name(t);
        if (!types_.contains(iri) && !names_.is_known(t)) refuse("type", "there is no type " + t);
        g.types.push_back(iri);
      } catch (fault const& f) {
        refuse("type", f.detail);
      }
    }
    for (auto const& a : g.actions) {
      auto const has_it = [&](symbol iri) { return types_.contains(iri) && types_.at(iri)->find_action(a); };
      if (!std::any_of(g.types.begin(), g.types.end(), has_it)) refuse("actions", "there is no action " + a);
    }
    if (auto const* const which = v.find("attributes"); which && which->is_object()) {
      auto const is_only = which->find("only") != nullptr;
      g.shows = is_only ? model::grant::extent::only : model::grant::extent::except;
      for (auto const& term : texts_of(which->find(is_only ? "only" : "except"))) {
        g.attributes.push_back(names_.name(term));
        check_attribute(g, g.attributes.back(), is_only ? "attributes.only" : "attributes.except", term);
      }
    }
    if (auto const* const q = v.find("where"); q && q->is_string()) {
      try {
        g.where = model::condition(linked_data::parse_q(q->as_string(), {names_.all(), true}, {.is_condition = true}));
        for (auto const a : g.where.attributes()) check_attribute(g, a, "where", names_.all().compact(std::string(a.text())));
      } catch (fault const& f) {
        refuse("where", f.detail);
      }
    }
    g.whole_history = v.text_or("history", "") == "all";
    for (auto const* const coarse : {"per", "places"}) {  // rather refused than shown exactly
      if (v.find(coarse)) refuse(coarse, "values told less exactly are not offered yet");
    }
    return g;
  }

  void check_attribute(model::grant const& g, symbol attribute, std::string const& member, std::string const& term) {
    for (auto const iri : g.types) {
      auto const it = types_.find(iri);
      if (it != types_.end() && !it->second->is_open && !it->second->find(attribute)) refuse(member, it->second->term + " has no attribute " + term);
    }
  }

  names& names_;
  std::map<symbol, model::type const*> const& types_;
  wrongs& wrong_;
  bundle const* by_ = nullptr;
  std::string place_;
  std::vector<model::role> roles_;
};

std::set<std::string, std::less<>> all_roles(std::vector<member_package> const& packages) {
  auto all = std::set<std::string, std::less<>>();
  for (auto const& p : packages) {
    auto const it = p.what->documents.find("roles.yaml");
    auto const* const roles = it == p.what->documents.end() ? nullptr : it->second.find("roles");
    if (!roles || !roles->is_object()) continue;
    for (auto const& m : roles->as_object()) all.insert(m.key);
  }
  return all;
}

}  // namespace

compiled compile(std::vector<member_package> const& packages, surroundings const& around) {
  auto out = compiled();
  // Names that no IRI can be made of are found out wherever they are met first.
  auto const told = [&](bundle const& by, std::string_view path, std::function<void()> const& part) {
    try {
      part();
    } catch (fault const& f) {
      out.wrong[by.id].push_back(by.at(path, f.member, f.detail));
    }
  };
  auto known = names(packages, around, out.wrong);
  auto const roles = all_roles(packages);
  auto const tools = type_builder::tools{known, roles, out.wrong};
  auto builders = std::vector<type_builder>();
  auto const find = [&](symbol iri) {
    return std::find_if(builders.begin(), builders.end(), [&](auto const& b) { return b.iri() == iri; });
  };
  for (auto const& p : packages) {
    for (auto const& [path, model] : p.what->in("models/")) {
      auto const is_type = model->find("type") != nullptr, is_more = model->find("extends") != nullptr;
      if (is_type == is_more) {
        out.wrong[p.what->id].push_back(p.what->at(path, "", "a model says either type or extends"));
        continue;
      }
      if (is_more) continue;
      told(*p.what, path, [&, path = path, model = model] {
        auto made = type_builder(tools, p, path, *model);
        auto const other = find(made.iri());
        if (other == builders.end()) return builders.push_back(std::move(made));
        out.wrong[p.what->id].push_back(p.what->at(path, "type", made.type().term + " belongs to the package " + other->owner() + " already; extend it"));
      });
    }
  }
  for (auto const& p : packages) {
    for (auto const& [path, model] : p.what->in("models/")) {
      auto const term = model->text_or("extends", "");
      if (term.empty() || model->find("type")) continue;
      told(*p.what, path, [&, path = path, model = model] {
        auto const owner = find(known.name(term));
        if (owner == builders.end()) out.wrong[p.what->id].push_back(p.what->at(path, "extends", "no package here has a type " + std::string(term) +
            "; is it in needs?"));
        else owner->extend(p, path, *model);
      });
    }
  }
  auto types = std::vector<std::shared_ptr<model::type const>>();
  auto by_iri = std::map<symbol, model::type const*>();
  for (auto& b : builders) {
    if (!b.renamed().empty()) out.renamed[std::string(b.iri().text())] = b.renamed();
    told(*b.by(), b.file(), [&] {
      types.push_back(std::make_shared<model::type const>(b.finish()));
      by_iri[types.back()->iri] = types.back().get();
    });
  }
  auto reader = role_reader(known, by_iri, out.wrong);
  for (auto const& p : packages) told(*p.what, "roles.yaml", [&] { reader.read(*p.what); });
  std::erase_if(out.wrong, [](auto const& w) { return w.second.empty(); });
  out.terms = known.used();
  if (!out.wrong.empty()) return out;
  auto version = std::uint32_t(0);
  auto digests = std::string();
  for (auto const& p : packages) {
    version = std::max(version, p.changed);
    digests += p.what->id + ' ' + p.what->digest + (p.is_off ? " off\n" : "\n");
  }
  out.registry = std::make_shared<model::registry const>(version, text::to_hex(sha256(digests)), std::move(types), reader.take());
  return out;
}

}  // namespace dos::package

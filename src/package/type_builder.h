// One type while it is put together: by its owner, then by the packages that extend it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/model/type.h"
#include "package/compile.h"
#include "package/names.h"

namespace dos::package {

// Everybody has these by their token.
bool is_plain_role(std::string_view name);
bool has(std::vector<std::string> const& all, std::string_view one);
// A text, or a list of them.
std::vector<std::string> texts_of(json::value const* v);

class type_builder {
 public:
  struct tools {
    names& known;
    std::set<std::string, std::less<>> const& roles;  // of all packages
    std::map<std::string, problems>& wrong;
  };
  // A model file of its owner.
  type_builder(tools t, member_package const& owner, std::string_view file, json::value const& model);

  void extend(member_package const& by, std::string_view file, json::value const& model);
  // After all have said theirs: what refers to attributes and states, and whether the workflow leads anywhere.
  model::type finish();

  symbol iri() const { return type_.iri; }
  bundle const* by() const { return by_; }        // its owner,
  std::string const& file() const { return file_; }  // and where it says so
  std::string const& owner() const { return type_.package; }
  model::type const& type() const { return type_; }
  std::vector<std::pair<symbol, symbol>> const& renamed() const { return renamed_; }
  bool knows(symbol attribute) const;

 private:
  // A part that one package says, with the place it stands at.
  struct part {
    bundle const* by;
    std::string file;
    std::string path;
    json::value const* value;
    part at(std::string_view member) const;
    part item(std::size_t i) const;
    json::value const* find(std::string_view key) const { return value->is_object() ? value->find(key) : nullptr; }
    std::string_view text(std::string_view key) const { return value->is_object() ? value->text_or(key, "") : std::string_view(); }
    bool flag(std::string_view key) const;
  };

  void refuse(part const& p, std::string text);
  void take_attributes(part const& model);
  void take_attribute(std::string const& term, part const& rule);
  void take_workflow(part const& model);
  void take_actions(part const& actions);
  void take_asks(part const& ask, model::action& a);
  void take_deadline(part const& d);
  void take_constraint(part const& c);
  void take_number(part const& model);
  model::condition read_condition(part const& p);
  void check_reads(part const& p, model::condition const& c);
  void check_action(part const& p, model::action const& a);
  void check_people(part const& p, std::vector<std::string> const& who);
  void check_ways();
  symbol attribute_at(part const& p, std::string_view term);
  bool is_state(std::string_view s) const;

  tools with_;
  bundle const* by_;
  std::string file_;
  model::type type_;
  member_package const* now_ = nullptr;  // who is being read
  std::vector<std::pair<part, std::string>> action_places_;  // in the order of type_.actions
  std::vector<std::pair<part, std::size_t>> deadline_places_;
  std::vector<part> sets_;
  part workflow_place_{};
  std::vector<part> constraint_parts_;
  std::vector<std::pair<symbol, symbol>> renamed_;
};

}  // namespace dos::package

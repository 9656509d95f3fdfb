// Types and actions as JSON Schema 2020-12, with annotations of ours (x-…): what forms, checks and other programs are made from.
#pragma once

#include <string_view>

#include "base/json.h"
#include "contract/contract.h"
#include "kernel/model/policy.h"
#include "kernel/model/type.h"

namespace dos::applications {

// What somebody may know of a type, and write of it, whatever the entity.
class shown_type {
 public:
  shown_type(session const& s, model::type const& t);

  bool is_known() const { return reads_ || creates_; }  // else it is as if it were not there
  bool may_create() const { return creates_; }
  bool shows(symbol attribute) const;
  bool may_give(symbol attribute) const;  // when it is made, or later
  model::type const& type() const { return type_; }

 private:
  bool any(std::uint8_t verbs, symbol attribute) const;

  model::type const& type_;
  model::policy_ptr policy_;
  bool sees_all_ = false, writes_all_ = false;
  bool reads_ = false, creates_ = false;
};

// Of one value.
json::object schema_of(model::attribute_rule const& rule, std::string_view language);
// Of the whole, as far as it is shown.
json::object schema_of(shown_type const& t, std::string_view language);
// Of the fields that an action asks for.
json::object schema_of(model::action const& a, shown_type const& t, std::string_view language);

}  // namespace dos::applications

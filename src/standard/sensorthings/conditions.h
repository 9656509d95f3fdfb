// What a filter asks of the entity behind an item, as the kernel's query: every item that satisfies the filter has an
// entity that satisfies this. It need not be the other way round.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/city/session.h"
#include "kernel/graph/query.h"
#include "standard/sensorthings/expression.h"

namespace dos::sensorthings {

// A question about one path, whichever side of the operator it stands on: "PATH eq 7", "startswith(PATH,'a')".
struct question {
  enum class form { relation, is_in, starts, contains, meets };

  question::form form = form::relation;
  std::vector<std::string> path;
  operation relation = operation::equal;
  std::vector<json::value> values;  // what it is compared with: one, or any of them
  place area;                       // meets: what satisfies it has a point in common with this
};

// `variable`: of the lambda that it stands in; paths of other variables, or of none, are no questions. The path comes
// without it.
std::optional<question> read_question(expression const& e, std::string_view variable);

class conditions {
 public:
  conditions(session const& own, vocabulary const& words) : own_(own), words_(words) {}

  // Nothing when the kernel knows no answer.
  query::node_ptr of(kind k, expression const& e, std::string_view variable) const;
  query::node_ptr of(kind k, question const& q) const;
  // Where the words of a name decide: any of these finds it. Nothing when words are no help.
  std::vector<query::query> of_text_in_name(kind k, question const& q) const;
  // Entities, one of whose datastreams can be called so and have its name from its entity: all of that, and something
  // behind it.
  query::node_ptr of_derived_name(question const& q) const;

 private:
  query::node_ptr of_name(kind k, question const& q) const;
  query::node_ptr of_member(kind k, question const& q) const;
  query::node_ptr of_place(question const& q) const;
  std::vector<symbol> attributes_called(std::string_view term) const;

  session const& own_;
  vocabulary const& words_;
};

}  // namespace dos::sensorthings

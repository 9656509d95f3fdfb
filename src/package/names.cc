#include "package/names.h"

#include "base/fault.h"

namespace dos::package {
namespace {

terms with(json::value const& context, json::object own) {
  auto parts = json::array();
  if (context.is_array()) parts = context.as_array();
  else if (!context.is_null()) parts.push_back(context);
  parts.push_back(std::move(own));
  return terms(json::value(std::move(parts)));
}

}  // namespace

names::names(std::vector<member_package> const& packages, surroundings const& around, std::map<std::string, problems>& wrong) {
  auto own = json::object();
  for (auto const& [term, iri] : around.terms) own[term] = iri;
  auto const city = with(around.context, own);
  auto said_by = std::map<std::string, std::string, std::less<>>();
  for (auto const& p : packages) {
    auto const* const said = p.what->head.find("terms");
    if (!said || !said->is_object()) continue;
    for (auto const& m : said->as_object()) {
      if (!m.value.is_string()) continue;
      auto const iri = std::string(m.value.as_string());
      auto const refuse = [&](std::string const& who, std::string_view other) {
        wrong[p.what->id].push_back(p.what->at(p.what->is_measure ? "measure.yaml" : "module.yaml", "terms." + m.key,
                                               "a term never changes what it stands for: " + who + " it is " + std::string(other)));
      };
      auto const before = around.terms.find(m.key);
      auto const* const defined = city.names()->find(m.key);
      if (before != around.terms.end() && before->second != iri) refuse("in this city", before->second);
      else if (defined && defined->iri != iri) refuse("in the city's context", defined->iri);
      else if (auto const other = said_by.find(m.key); other != said_by.end() && own.find(m.key)->as_string() != iri) refuse("in " + other->second,
          own.find(m.key)->as_string());
      else {
        own[m.key] = iri;
        said_by.emplace(m.key, p.what->id);
        used_[m.key] = iri;
      }
    }
  }
  try {
    terms_ = with(around.context, own);
  } catch (fault const& f) {
    wrong[""].push_back({"", 0, "terms", f.detail});
  }
}

std::string names::iri(std::string_view term) {
  auto iri = terms_.iri(term);
  if (term.find(':') == term.npos) used_.emplace(term, iri);
  return iri;
}

bool names::is_known(std::string_view term) const { return term.find(':') != term.npos || terms_.names()->find(term) != nullptr; }

}  // namespace dos::package

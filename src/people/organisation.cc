#include "people/organisation.h"

#include <algorithm>
#include <array>

#include "base/fault.h"
#include "kernel/city/city.h"

namespace dos::people {
namespace {

constexpr auto kinds = std::array<std::string_view, 9>{"city",   "department", "company",    "club", "school",
                                                       "authority", "initiative", "household", "other"};
constexpr std::size_t text_bytes_max = 500;

void require_no_circle(session const& s, std::string_view id, std::string parent) {
  for (auto depth = 0; !parent.empty(); ++depth) {
    require(parent != id && depth < organisation_depth_max, fault_kind::conflict,
            "an organisation cannot lie below itself, nor deeper than 8 levels", "parent");
    auto const above = s.find_record(organisation_collection, parent);
    require(above != nullptr, fault_kind::not_found, "there is no organisation " + parent, "parent");
    parent = above->text_or("parent", "");
  }
}

}  // namespace

json::value read_organisation(session const& s, std::string_view id, json::value const& body) {
  require(body.is_object(), fault_kind::malformed, "an organisation is an object");
  auto o = json::object{{"id", id}};
  for (auto const& m : body.as_object()) {
    auto const is_text = m.value.is_string() && m.value.as_string().size() <= text_bytes_max;
    if (m.key == "id" || m.key == "members") continue;
    if (m.key == "name") {
      auto const good = m.value.is_object() && m.value.as_object().size() > 0 && std::ranges::all_of(m.value.as_object(), [](auto const& w) {
        return w.value.is_string() && !w.value.as_string().empty() && w.value.as_string().size() <= text_bytes_max;
      });
      require(good || (is_text && !m.value.as_string().empty()), fault_kind::invalid, "name is a text, or an object of language and text", "name");
    } else if (m.key == "kind") {
      require(is_text && std::ranges::find(kinds, m.value.as_string()) != kinds.end(), fault_kind::invalid,
              "kind is one of city, department, company, club, school, authority, initiative, household, other", "kind");
    } else if (m.key == "parent" || m.key == "successor" || m.key == "contact") {
      require(is_text, fault_kind::invalid, m.key + " is a text of up to 500 bytes", m.key);
    } else {
      throw fault(fault_kind::invalid, "an organisation has name, kind, parent, contact, successor; not " + m.key, m.key);
    }
    o.push(m.key, m.value);
  }
  require(o.find("name") && o.find("kind"), fault_kind::invalid, "an organisation has a name and a kind", o.find("name") ? "kind" : "name");
  auto const made = json::value(std::move(o));
  require_no_circle(s, id, std::string(made.text_or("parent", "")));
  auto const successor = made.text_or("successor", "");
  require(successor.empty() || s.find_record(organisation_collection, successor), fault_kind::not_found,
          "there is no organisation " + std::string(successor), "successor");
  return made;
}

}  // namespace dos::people

#include "capability/applications/tools.h"

#include <algorithm>

#include "base/text.h"
#include "http/problem.h"
#include "kernel/city/city.h"
#include "linked_data/render.h"

namespace dos::applications {

shared_tools::shared_tools(node const& n) : n(n) {
  for (auto const& c : n.cities) {
    words.emplace(c->id(), load_terms(n.default_context_file(c->id())));
    kept.emplace(c->id(), std::make_unique<answers>(*c));
  }
}

terms const& shared_tools::words_of(session const& s) const { return words.find(s.city().id())->second; }
answers& shared_tools::answers_of(session const& s) const { return *kept.find(s.city().id())->second; }

std::string language_of(http::request const& r) {
  if (auto const named = r.query.find("lang"); named && !named->empty()) return std::string(*named);
  return std::string(r.headers.text_or("Accept-Language", "de"));
}

std::string_view word_in(json::value const* words, std::string_view language) {
  if (!words) return {};
  if (words->is_string()) return words->as_string();
  if (!words->is_object()) return {};
  auto const chosen = linked_data::choose_language(*words, language);
  return words->text_or(chosen.empty() ? "de" : chosen, "");
}

std::string_view word_in(json::value const& of, std::string_view member, std::string_view language) {
  return word_in(of.find(member), language);
}

std::size_t read_limit(http::request const& r, std::size_t otherwise, std::size_t most) {
  auto const given = r.query.text_or("limit", "");
  if (given.empty()) return otherwise;
  auto const n = text::to_int(given);
  require(n && *n > 0, fault_kind::malformed, "limit is a whole number from 1 on", "limit");
  return std::min(std::size_t(*n), most);
}

http::response refusal(fault const& f) {
  return f.kind == fault_kind::invalid ? refusal_of_fields({f}) : http::problem(f);
}

http::response refusal_of_fields(std::vector<fault> const& all) {
  auto fields = json::array();
  auto detail = std::string();
  for (auto const& f : all) {
    detail += (detail.empty() ? "" : "; ") + f.detail;
    if (!f.member.empty()) fields.push_back(json::object{{"field", f.member}, {"detail", f.detail}});
  }
  auto const& kind = http::get_problem_kind(fault_kind::invalid);
  auto o = json::object{{"type", kind.type}, {"title", kind.title}, {"status", 422}, {"detail", detail}};
  if (all.size() == 1 && !all[0].member.empty()) o.push("member", all[0].member);
  o.push("fields", std::move(fields));
  return http::with_body(422, "application/problem+json", json::to_string(o));
}

}  // namespace dos::applications

// The words that travel between brokers: names in another context, texts of a query, answers as faults and warnings.
#include <algorithm>
#include <array>

#include "base/fault.h"
#include "standard/ngsi_ld/call.h"
#include "standard/ngsi_ld/federation/federation.h"

namespace dos::ngsi_ld {
namespace {

constexpr auto attribute_members = std::array<std::string_view, 23>{
    "type", "@type", "value", "@value", "object", "languageMap", "vocab", "json", "valueList", "objectList", "unitCode", "datasetId",
    "observedAt", "createdAt", "modifiedAt", "deletedAt", "expiresAt", "instanceId", "objectType", "valueType", "lang", "entity",
    "entityList"};

std::string renamed(std::string_view name, context const& from, context const& to) { return to.compact(from.expand(name)); }

json::value renamed_all(json::value const& v, context const& from, context const& to) {
  if (v.is_string()) return renamed(v.as_string(), from, to);
  if (!v.is_array()) return v;
  auto out = json::array();
  for (auto const& one : v.as_array()) out.push_back(renamed_all(one, from, to));
  return out;
}

std::string encoded(std::string_view text, std::string_view plain_too) {
  static constexpr auto digits = std::string_view("0123456789ABCDEF");
  auto out = std::string();
  for (auto const c : text) {
    auto const is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || plain_too.find(c) != std::string_view::npos;
    if (is_plain) {
      out += c;
    } else {
      out += '%';
      out += digits[std::uint8_t(c) >> 4];
      out += digits[std::uint8_t(c) & 15];
    }
  }
  return out;
}

// A problem's own words, else its status.
std::string reason_of(heard const& h) {
  if (h.status == 0) return h.error.empty() ? "it gave no answer" : h.error;
  try {
    auto const body = json::parse(h.body);
    for (auto const member : {"detail", "title"}) {
      if (auto const text = body.text_or(member, ""); !text.empty()) return "it answered " + std::to_string(h.status) + ": " + std::string(text);
    }
  } catch (fault const&) {
    return "it answered " + std::to_string(h.status);
  }
  return "it answered " + std::to_string(h.status);
}

int status_for(heard const& h) {
  static constexpr auto passed_on = std::array{400, 404, 409, 422, 508};
  if (h.status == 0) return 504;
  return std::find(passed_on.begin(), passed_on.end(), h.status) != passed_on.end() ? h.status : 502;
}

json::value problem(int status, std::string_view title, std::string detail, std::string_view source) {
  static constexpr auto types = std::array<std::pair<int, std::string_view>, 4>{
      {{400, "BadRequestData"}, {404, "ResourceNotFound"}, {409, "Conflict"}, {422, "OperationNotSupported"}}};
  auto const it = std::find_if(types.begin(), types.end(), [&](auto const& t) { return t.first == status; });
  auto o = json::object{{"type", "https://uri.etsi.org/ngsi-ld/errors/" + std::string(it == types.end() ? "InternalError" : it->second)},
                        {"title", title},
                        {"detail", std::move(detail)},
                        {"status", status},
                        {"clause", "ETSI GS CIM 009, 6.3.17"}};
  if (!source.empty()) o.push("registrationId", source);
  return o;
}

}  // namespace

std::string query_encoded(std::string_view text) { return encoded(text, "-._~:,/;()*@"); }
std::string path_encoded(std::string_view text) { return encoded(text, "-._~:,;"); }

std::string to_text(query::type_selection const& types, context const& names) {
  auto out = std::string();
  for (auto const& conjunction : types) {
    if (!out.empty()) out += ',';
    if (conjunction.size() > 1) out += '(';
    for (auto const& t : conjunction) {
      if (&t != &conjunction.front()) out += ';';
      out += names.compact(t.text());
    }
    if (conjunction.size() > 1) out += ')';
  }
  return out;
}

std::string to_text(std::vector<symbol> const& attributes, context const& names) {
  auto out = std::string();
  for (auto const a : attributes) {
    if (!out.empty()) out += ',';
    out += names.compact(a.text());
  }
  return out;
}

json::value translated_attribute(json::value const& v, context const& from, context const& to) {
  if (&from == &to) return v;
  if (v.is_array()) {
    auto out = json::array();
    for (auto const& one : v.as_array()) out.push_back(translated_attribute(one, from, to));
    return out;
  }
  if (!v.is_object()) return v;
  // An object without a type is a value of the concise form, unless it has one beside sub-attributes.
  auto const& o = v.as_object();
  auto const is_attribute = std::any_of(o.begin(), o.end(), [](auto const& m) {
    return m.key == "type" || m.key == "@type" || m.key == "value" || m.key == "object" || m.key == "languageMap" || m.key == "vocab" ||
           m.key == "json" || m.key == "valueList" || m.key == "objectList";
  });
  if (!is_attribute || o.find("coordinates") != nullptr) return v;
  auto out = json::object();
  for (auto const& [key, member] : o) {
    auto const is_member = std::find(attribute_members.begin(), attribute_members.end(), key) != attribute_members.end();
    if (key == "vocab" || key == "objectType") {
      out.push(key, renamed_all(member, from, to));
    } else if (is_member || key.starts_with('@')) {
      out.push(key, member);
    } else {
      out.push(renamed(key, from, to), translated_attribute(member, from, to));
    }
  }
  return out;
}

json::value translated_entity(json::value const& body, context const& from, context const& to) {
  if (!body.is_object()) return body;
  auto out = json::object();
  for (auto const& [key, v] : body.as_object()) {
    if (key == "@context") continue;
    if (key == "type" || key == "@type") {
      out.push(key, &from == &to ? v : renamed_all(v, from, to));
    } else if (key == "id" || key == "scope" || key == "expiresAt" || key.starts_with('@') || &from == &to) {
      out.push(key, v);
    } else {
      out.push(renamed(key, from, to), translated_attribute(v, from, to));
    }
  }
  return out;
}

std::string warning_about(heard const& h, std::string_view alias) {
  if (h.status >= 200 && h.status < 300) return {};
  if (h.status == 404) return {};  // it does not have it, and says so
  auto text = h.from->id + " (" + h.from->endpoint + "): " + reason_of(h);
  auto const is_unfit = [](char c) { return c == '"' || c == '\\' || c < ' ' || c > '~'; };
  std::replace_if(text.begin(), text.end(), is_unfit, '\'');
  auto const code = h.is_too_large ? "111 " : h.status == 0 ? "199 " : "299 ";
  return code + std::string(alias) + " \"" + text + "\"";
}

json::value problem_of(heard const& h) {
  auto const status = status_for(h);
  auto const title = status == 504 ? "The context source gave no answer" : "The context source refused";
  return problem(status, title, h.from->id + ": " + reason_of(h), h.from->id);
}

json::value unsupported_problem(source const& s) {
  return problem(409, "The context source does not take this", s.id + " holds this, and does not offer the operation", s.id);
}

http::response loop_response() {
  auto const detail = std::string("this request has been here before: a registered source leads back to this broker");
  return http::json(508, json::to_string(problem(508, "Loop detected", detail, {})));
}

}  // namespace dos::ngsi_ld

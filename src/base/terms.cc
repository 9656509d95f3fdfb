#include "base/terms.h"

#include <array>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/fault.h"

namespace dos {
namespace {

constexpr auto default_vocabulary = std::string_view("https://uri.etsi.org/ngsi-ld/default-context/");

// ETSI GS CIM 009, annex B: what users of the core context can't redefine and devices or places may use.
constexpr auto core_terms = std::array{
    std::pair{std::string_view("location"), std::string_view("https://uri.etsi.org/ngsi-ld/location")},
    std::pair{std::string_view("observationSpace"), std::string_view("https://uri.etsi.org/ngsi-ld/observationSpace")},
    std::pair{std::string_view("operationSpace"), std::string_view("https://uri.etsi.org/ngsi-ld/operationSpace")},
    std::pair{std::string_view("title"), std::string_view("http://purl.org/dc/terms/title")},
    std::pair{std::string_view("description"), std::string_view("http://purl.org/dc/terms/description")},
    std::pair{std::string_view("status"), std::string_view("https://uri.etsi.org/ngsi-ld/status")},
    std::pair{std::string_view("reason"), std::string_view("https://uri.etsi.org/ngsi-ld/reason")},
};

json::value const& context_of(json::value const& document) {
  auto const* inner = document.find("@context");
  return inner ? *inner : document;
}

std::string_view id_of(json::value const& entry) {
  return entry.is_string() ? entry.as_string() : entry.text_or("@id", "");
}

}  // namespace

terms::terms() {
  for (auto const& [term, iri] : core_terms) add(term, iri);
}

terms::terms(json::value const& document) {
  auto const& context = context_of(document);
  if (context.is_object()) {
    for (auto const& [term, entry] : context.as_object()) {
      auto iri = std::string(id_of(entry));
      auto const colon = iri.find(':');
      if (term.starts_with('@') || colon == iri.npos) continue;
      auto const* prefix = iri.compare(colon, 3, "://") == 0 ? nullptr : context.find(iri.substr(0, colon));
      if (prefix && !id_of(*prefix).empty()) iri = std::string(id_of(*prefix)) + iri.substr(colon + 1);
      add(term, iri);
    }
  }
  for (auto const& [term, iri] : core_terms) add(term, iri);
}

void terms::add(std::string_view term, std::string_view iri) {
  iris_.insert_or_assign(std::string(term), std::string(iri));
  terms_.emplace(iri, term);
}

std::string terms::iri(std::string_view term) const {
  if (auto const found = iris_.find(std::string(term)); found != iris_.end()) return found->second;
  return term.find(':') != term.npos ? std::string(term) : std::string(default_vocabulary) + std::string(term);
}

std::string terms::term(std::string_view iri) const {
  if (auto const found = terms_.find(std::string(iri)); found != terms_.end()) return found->second;
  return std::string(iri.starts_with(default_vocabulary) ? iri.substr(default_vocabulary.size()) : iri);
}

terms load_terms(std::string const& path) {
  auto in = std::ifstream(path, std::ios::binary);
  if (!in) return terms();
  auto const text = std::string(std::istreambuf_iterator<char>(in), {});
  try {
    return terms(json::parse(text));
  } catch (fault const& f) {
    throw fault(fault_kind::malformed, path + ": " + f.detail);
  }
}

}  // namespace dos

// JSON-LD 1.1 contexts as NGSI-LD needs them: short names to IRIs and back. ETSI GS CIM 009, 4.4 and 5.5.7;
// W3C json-ld11-api, 4 and 6.2
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "base/symbol.h"

namespace dos {

inline constexpr std::size_t terms_max = 50'000;      // definitions in one context, imports included
inline constexpr int term_depth_max = 100;            // terms that need terms for their prefix
inline constexpr int context_depth_max = 10;          // contexts that name contexts
inline constexpr std::size_t contexts_in_one_max = 200;  // documents that one context pulls in
inline constexpr std::size_t name_bytes_max = 2'000;  // of an expanded name
inline constexpr std::uint32_t symbols_max = 5'000'000;  // names that all requests together may introduce

// One line of a context. W3C json-ld11-api, 4.2
struct term_definition {
  std::string iri;        // empty: the term is taken out of use (null)
  std::string type;       // "@id", "@vocab", "@json" or an IRI
  std::string container;  // "@list", "@set", "@language", "@index" …; several joined with a blank
  std::optional<std::string> language;  // empty: none, whatever the default is
  bool prefix = false;     // may stand before the colon of a compact IRI
  bool is_protected = false;
  bool reverse = false;

  bool operator==(term_definition const&) const = default;
};

// An active context; immutable once made, shared between threads.
class context {
 public:
  context() = default;
  context(context const&) = delete;

  // The IRI of an attribute name, type or term; what has a colon and no known prefix is an IRI already. Faults: invalid
  // when the name is empty, too long or has characters that no IRI may have.
  std::string expand(std::string_view name) const;
  symbol expand_to_symbol(std::string_view name) const;  // interns; fault too_many beyond symbols_max
  symbol find_symbol(std::string_view name) const;       // empty when no such name was ever used

  // The shortest name that expands to the IRI again. W3C json-ld11-api, 6.2
  std::string compact(std::string_view iri) const;
  std::string_view compact(symbol iri) const;  // remembered; lives as long as the context

  term_definition const* find(std::string_view term) const;
  std::size_t term_count() const { return terms_.size(); }
  std::string const& language() const { return language_; }  // of texts that say none

 private:
  friend class context_processor;

  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };
  template <typename T>
  using text_table = std::unordered_map<std::string, T, text_hash, std::equal_to<>>;

  std::optional<std::string> expand_compact_iri(std::string_view name) const;
  void finish();  // after the last term

  text_table<term_definition> terms_;
  std::string vocab_;
  std::string language_;
  text_table<std::string> shortest_;                          // IRI -> term
  std::vector<std::pair<std::string, std::string>> prefixes_;  // IRI, term

  mutable std::shared_mutex lock_;
  mutable std::unordered_map<symbol, std::unique_ptr<std::string const>> compacted_;
};

using context_ptr = std::shared_ptr<context const>;

// The document behind a URL (with its "@context" member), or nothing when it is not at hand.
using document_loader = std::function<std::shared_ptr<json::value const>(std::string const& url)>;

struct processed {
  context_ptr context;               // nothing when documents are missing
  std::vector<std::string> missing;  // URLs to load before the next try
};

// An active context from the value of an "@context" member: text, object, array, null. Terms of `core` cannot be
// overridden and its @vocab holds in the end (5.5.7: the core context comes last). Faults: invalid for what is no context, loops,
// and beyond the limits above.
processed process_context(json::value const& local, context const* core, document_loader const& load);

// Names with their IRIs, which need no document.
context_ptr make_context(json::object const& terms);

// The core context of the standard, and all the URLs it is known by.
context_ptr core_context();
std::string_view core_context_text();
inline constexpr std::string_view core_context_url = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld";
bool is_core_context_url(std::string_view url);

inline constexpr std::string_view default_vocabulary = "https://uri.etsi.org/ngsi-ld/default-context/";

}  // namespace dos

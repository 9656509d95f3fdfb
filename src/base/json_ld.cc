#include "base/json_ld.h"

#include <algorithm>
#include <array>
#include <mutex>

#include "base/fault.h"
#include "base/text.h"

namespace dos {
namespace {

bool is_keyword(std::string_view s) {
  return s.size() > 1 && s[0] == '@' &&
         std::all_of(s.begin() + 1, s.end(), [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; });
}

// W3C json-ld11-api, 4.2.2, 5: what JSON-LD means by itself, no context can change.
bool is_known_keyword(std::string_view s) {
  static constexpr auto known = std::array<std::string_view, 14>{"@container", "@default", "@graph", "@id", "@included", "@index", "@json",
                                                                 "@list", "@nest", "@none", "@reverse", "@set", "@type", "@value"};
  return std::find(known.begin(), known.end(), s) != known.end();
}

// The one thing a context may say of a keyword: that types come as a list.
bool says_types_are_lists(std::string_view term, json::value const& v) {
  if (term != "@type" || !v.is_object() || v.as_object().empty()) return false;
  auto const& o = v.as_object();
  return std::all_of(o.begin(), o.end(), [](auto const& m) {
    return (m.key == "@container" && m.value == json::value("@set")) || m.key == "@protected";
  });
}

bool is_scheme(std::string_view s) {
  return !s.empty() && (((s[0] | 0x20) >= 'a' && (s[0] | 0x20) <= 'z')) &&
         std::all_of(s.begin(), s.end(), [](char c) {
           return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
         });
}

bool ends_like_a_namespace(std::string_view iri) {
  return !iri.empty() && std::string_view(":/?#[]@").find(iri.back()) != std::string_view::npos;
}

bool fits_an_iri(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](char c) {
    return static_cast<unsigned char>(c) > ' ' && std::string_view("<>\"{}|\\^`").find(c) == std::string_view::npos && c != 127;
  });
}

std::string inside_context(std::string_view member) {
  return member.empty() ? "@context" : "@context." + std::string(member);
}

[[noreturn]] void refuse_context(std::string detail, std::string_view keyword = {}) {
  throw fault(fault_kind::invalid, std::move(detail), inside_context(keyword), "W3C json-ld11-api, 4.1");
}

[[noreturn]] void refuse_term(std::string detail, std::string_view term) {
  throw fault(fault_kind::invalid, std::move(detail), inside_context(term), "W3C json-ld11-api, 4.2");
}

}  // namespace

// Fills one active context, document by document.
class context_processor {
 public:
  context_processor(context& active, context const* core, document_loader const& load)
      : active_(active), core_(core), load_(load) {
    begin();
  }

  void process(json::value const& local, int depth) {
    if (depth > context_depth_max) refuse_context("contexts may name contexts " + std::to_string(context_depth_max) + " deep at most");
    if (local.is_array()) {
      for (auto const& part : local.as_array()) process(part, depth + 1);
    } else if (local.is_string()) {
      process_url(std::string(local.as_string()), depth);
    } else if (local.is_object()) {
      process_object(local, depth);
    } else if (local.is_null()) {
      auto const is_kept = [&](auto const& t) { return t.second.is_protected && (core_ == nullptr || !core_->terms_.contains(t.first)); };
      if (std::any_of(active_.terms_.begin(), active_.terms_.end(), is_kept)) refuse_context("null does not take protected terms away");
      begin();
    } else {
      refuse_context("a context is a URL, an object or an array of these");
    }
  }

  void finish() {
    if (core_ != nullptr) active_.vocab_ = core_->vocab_;
    active_.finish();
  }

  std::vector<std::string> missing;

 private:
  using definitions = std::unordered_map<std::string_view, json::value const*>;

  void begin() {
    active_.terms_ = core_ != nullptr ? core_->terms_ : decltype(active_.terms_)();
    active_.vocab_ = core_ != nullptr ? core_->vocab_ : std::string();
    active_.language_.clear();
  }

  // Nothing: it is missing, and noted.
  std::shared_ptr<json::value const> fetch(std::string const& url) {
    if (++documents_ > contexts_in_one_max) refuse_context("a context may pull in " + std::to_string(contexts_in_one_max) + " documents");
    auto document = load_(url);
    if (!document && std::find(missing.begin(), missing.end(), url) == missing.end()) missing.push_back(url);
    return document;
  }

  void process_url(std::string const& url, int depth) {
    if (core_ != nullptr && is_core_context_url(url)) return;
    if (std::find(chain_.begin(), chain_.end(), url) != chain_.end()) refuse_context("the contexts name each other in a loop: " + url);
    auto const document = fetch(url);
    if (!document) return;
    auto const* inner = document->find("@context");
    if (inner == nullptr) refuse_context("the document at " + url + " has no @context");
    chain_.push_back(url);
    process(*inner, depth + 1);
    chain_.pop_back();
  }

  void process_object(json::value const& local, int depth) {
    if (auto const* inner = local.find("@context"); inner != nullptr) return process(*inner, depth + 1);
    auto view = definitions();
    auto imported = std::shared_ptr<json::value const>();
    if (auto const* import = local.find("@import"); import != nullptr) {
      if (!import->is_string()) refuse_context("@import is a URL", "@import");
      imported = fetch(std::string(import->as_string()));
      if (!imported) return;
      auto const* inner = imported->find("@context");
      if (inner == nullptr || !inner->is_object() || inner->find("@import") != nullptr) {
        refuse_context("what is imported is one context, an object that imports nothing", "@import");
      }
      for (auto const& m : inner->as_object()) view[m.key] = &m.value;
    }
    for (auto const& m : local.as_object()) view[m.key] = &m.value;
    read_keywords(view);
    state_.clear();
    here_ = std::move(view);
    if (imported) define_all(*imported->find("@context"));
    define_all(local);
    here_.clear();
  }

  void define_all(json::value const& local) {
    for (auto const& m : local.as_object()) {
      if (is_known_keyword(m.key) && !says_types_are_lists(m.key, m.value)) refuse_term("a keyword keeps its meaning", m.key);
      if (!is_keyword(m.key) && !state_.contains(m.key)) define(m.key);
    }
  }

  void read_keywords(definitions const& view) {
    auto const find = [&](std::string_view keyword) {
      auto const it = view.find(keyword);
      return it == view.end() ? nullptr : it->second;
    };
    if (auto const* vocab = find("@vocab"); vocab != nullptr) {
      if (!vocab->is_string() && !vocab->is_null()) refuse_context("@vocab is an IRI", "@vocab");
      auto const is_set = vocab->is_string() && !vocab->as_string().empty();
      active_.vocab_ = is_set ? expand_in(vocab->as_string()) : std::string();
      if (active_.vocab_.size() > name_bytes_max) refuse_context("a vocabulary has an IRI of at most 2,000 bytes", "@vocab");
    }
    if (auto const* language = find("@language"); language != nullptr) {
      if (!language->is_string() && !language->is_null()) refuse_context("a language is text", "@language");
      active_.language_ = language->is_string() ? text::lower(language->as_string()) : std::string();
    }
    if (auto const* version = find("@version"); version != nullptr && *version != json::value(1.1)) refuse_context("this is JSON-LD 1.1", "@version");
    if (auto const* p = find("@propagate"); p != nullptr && !p->is_bool()) refuse_context("@propagate is true or false", "@propagate");
    auto const* protect = find("@protected");
    if (protect != nullptr && !protect->is_bool()) refuse_context("@protected is true or false", "@protected");
    protects_ = protect != nullptr && protect->as_bool();
  }

  // W3C json-ld11-api, 4.2. A term that another needs for its prefix is defined first; a loop is refused.
  void define(std::string const& term) {
    auto const [state, is_new] = state_.try_emplace(term, false);
    if (!is_new) {
      if (!state->second) refuse_term("the term is defined by itself", term);
      return;
    }
    if (core_ != nullptr && core_->terms_.contains(term)) {
      state->second = true;  // the core's meaning stays
      return;
    }
    if (term.empty()) refuse_term("a term has at least one character", term);
    if (++definitions_ > terms_max) refuse_context("a context may define " + std::to_string(terms_max) + " terms");
    if (term_depth_ == term_depth_max) refuse_term("terms need each other " + std::to_string(term_depth_max) + " deep at most", term);
    ++term_depth_;
    auto const* value = here_.at(term);
    auto d = term_definition{.iri = {}, .type = {}, .container = {}, .language = {}, .is_protected = protects_};
    if (value->is_string()) {
      d.iri = expand_definition(term, value->as_string());
      d.prefix = ends_like_a_namespace(d.iri);
    } else if (value->is_object()) {
      fill(term, *value, d);
    } else if (!value->is_null()) {
      refuse_term("a term stands for an IRI or for an object with @id", term);
    }
    --term_depth_;
    state_[term] = true;
    if (is_keyword(d.iri) && !is_known_keyword(d.iri) && d.iri != "@context") return;  // looks like one: read over
    require_iri(term, d);
    keep(term, std::move(d));
  }

  // W3C json-ld11-api, 4.2.2, 14 to 17
  void require_iri(std::string const& term, term_definition const& d) {
    if (d.iri.empty()) return;
    if (d.iri.size() > name_bytes_max) refuse_term("an IRI has at most 2,000 bytes", term);
    if (d.iri == "@context") refuse_term("nothing else stands for @context", term);
    if (!is_keyword(d.iri) && d.iri.find(':') == std::string::npos) refuse_term("a term stands for an IRI or a keyword, not for " + d.iri, term);
    if (is_keyword(d.iri) && d.prefix) refuse_term("a keyword is no prefix", term);
    auto const colon = term.find(':', 1);
    auto const looks_like_iri = (colon != std::string::npos && colon + 1 != term.size()) || term.find('/') != std::string::npos;
    if (looks_like_iri && d.iri != expand_in(term, term) && d.iri != active_.vocab_ + term) {
      refuse_term("this reads as an IRI and stands for another one", term);
    }
  }

  // W3C json-ld11-api, 4.2.2, 27: what is protected may be said again, not otherwise.
  void keep(std::string const& term, term_definition d) {
    auto const [it, is_new] = active_.terms_.try_emplace(term, d);
    if (is_new) return;
    if (it->second.is_protected) {
      d.is_protected = true;
      if (!(it->second == d)) refuse_term("this term is protected", term);
    }
    it->second = std::move(d);
  }

  void fill(std::string const& term, json::value const& value, term_definition& d) {
    auto const text_of = [&](std::string_view key) -> std::optional<std::string_view> {
      auto const* m = value.find(key);
      if (m == nullptr || m->is_null()) return std::nullopt;
      if (!m->is_string()) refuse_term(std::string(key) + " is text", term);
      return m->as_string();
    };
    if (value.find("@context") != nullptr) {
      throw fault(fault_kind::invalid, "NGSI-LD knows no contexts that hold for one term only", inside_context(term), "ETSI GS CIM 009, 5.5.7");
    }
    for (auto const& m : value.as_object()) {
      static constexpr auto known = std::array<std::string_view, 10>{"@id",    "@reverse", "@container", "@direction", "@index",
                                                                     "@language", "@nest", "@prefix",    "@protected", "@type"};
      if (std::find(known.begin(), known.end(), m.key) == known.end()) refuse_term("a definition has no " + m.key, term);
    }
    auto const* id = value.find("@id");
    if (auto const reverse = text_of("@reverse")) {
      if (id != nullptr) refuse_term("either @id or @reverse", term);
      d.iri = expand_in(*reverse);
      d.reverse = true;
    } else if (id == nullptr || !id->is_null()) {
      d.iri = expand_definition(term, text_of("@id").value_or(term));
    }
    if (auto const type = text_of("@type")) {
      d.type = is_keyword(*type) ? std::string(*type) : expand_in(*type);
      auto const is_known = d.type == "@id" || d.type == "@vocab" || d.type == "@json" || d.type == "@none";
      if (!is_known && (is_keyword(d.type) || d.type.starts_with("_:") || d.type.find(':') == std::string::npos)) {
        refuse_term("a type is @id, @vocab, @json, @none or an IRI", term);
      }
    }
    if (value.find("@language") != nullptr) d.language = text::lower(text_of("@language").value_or(""));
    read_containers(term, value, d);
    auto const flag = [&](std::string_view key, bool otherwise) {
      auto const* m = value.find(key);
      if (m != nullptr && !m->is_bool()) refuse_term(std::string(key) + " is true or false", term);
      return m == nullptr ? otherwise : m->as_bool();
    };
    d.prefix = flag("@prefix", d.prefix);
    d.is_protected = flag("@protected", d.is_protected);
  }

  void read_containers(std::string const& term, json::value const& value, term_definition& d) {
    auto const* container = value.find("@container");
    if (container == nullptr || container->is_null()) return;
    static constexpr auto known = std::array<std::string_view, 7>{"@list", "@set", "@language", "@index", "@graph", "@id", "@type"};
    auto const add = [&](json::value const& c) {
      if (!c.is_string() || std::find(known.begin(), known.end(), c.as_string()) == known.end()) refuse_term("there is no such @container", term);
      d.container += (d.container.empty() ? "" : " ") + std::string(c.as_string());
    };
    if (!container->is_array()) return add(*container);
    for (auto const& c : container->as_array()) add(c);
    if (container->as_array().size() > 1 && d.container.find("@list") != std::string::npos) refuse_term("a @list is no other @container, too", term);
  }

  // The term itself may stand for what it is defined as ("name": {"@id": "name"}): then it is vocabulary-relative.
  std::string expand_definition(std::string const& term, std::string_view text) {
    if (is_keyword(text)) return std::string(text);
    if (text == term) {
      auto const colon = text.find(':');
      if (colon != std::string_view::npos && colon != 0) return expand_in(text, term);
      return active_.vocab_ + std::string(text);
    }
    return expand_in(text);
  }

  std::string expand_in(std::string_view text, std::string_view self = {}) {
    if (is_keyword(text)) return std::string(text);
    if (text != self && here_.contains(text)) define(std::string(text));
    if (text != self) {
      if (auto const it = active_.terms_.find(text); it != active_.terms_.end()) return it->second.iri;
    }
    auto const colon = text.find(':', 1);
    if (colon != std::string_view::npos) {
      auto const prefix = text.substr(0, colon);
      if (prefix == "_" || text.substr(colon + 1).starts_with("//")) return std::string(text);
      if (here_.contains(prefix)) define(std::string(prefix));
      auto const it = active_.terms_.find(prefix);
      if (it != active_.terms_.end() && !it->second.iri.empty() && (it->second.prefix || text == self)) {
        return it->second.iri + std::string(text.substr(colon + 1));
      }
      return std::string(text);
    }
    return active_.vocab_ + std::string(text);
  }

  context& active_;
  context const* core_;
  document_loader const& load_;
  std::vector<std::string> chain_;
  definitions here_;                             // of the object being read
  std::unordered_map<std::string, bool> state_;  // false while being defined
  std::size_t documents_ = 0;
  std::size_t definitions_ = 0;
  int term_depth_ = 0;
  bool protects_ = false;
};

processed process_context(json::value const& local, context const* core, document_loader const& load) {
  auto active = std::make_shared<context>();
  auto p = context_processor(*active, core, load);
  p.process(local, 0);
  if (!p.missing.empty()) return {nullptr, std::move(p.missing)};
  p.finish();
  return {std::move(active), {}};
}

context_ptr make_context(json::object const& terms) {
  if (terms.empty()) return core_context();
  return process_context(json::value(terms), core_context().get(), [](auto const&) { return nullptr; }).context;
}

void context::finish() {
  for (auto const& [term, d] : terms_) {
    if (d.iri.empty() || d.reverse) continue;
    auto const [it, is_new] = shortest_.try_emplace(d.iri, term);
    if (!is_new && std::pair(term.size(), std::string_view(term)) < std::pair(it->second.size(), std::string_view(it->second))) {
      it->second = term;
    }
    if (d.prefix) prefixes_.emplace_back(d.iri, term);
  }
  std::sort(prefixes_.begin(), prefixes_.end());
}

term_definition const* context::find(std::string_view term) const {
  auto const it = terms_.find(term);
  return it == terms_.end() ? nullptr : &it->second;
}

std::optional<std::string> context::expand_compact_iri(std::string_view name) const {
  auto const colon = name.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  auto const prefix = name.substr(0, colon);
  if (!name.substr(colon + 1).starts_with("//")) {
    if (auto const* d = find(prefix); d != nullptr && d->prefix) return d->iri + std::string(name.substr(colon + 1));
  }
  if (prefix == "_" || is_scheme(prefix)) return std::string(name);
  return std::nullopt;
}

std::string context::expand(std::string_view name) const {
  if (is_keyword(name)) return std::string(name);
  auto iri = std::string();
  if (auto const* d = find(name); d != nullptr && !d->iri.empty()) {
    iri = d->iri;
  } else if (auto compact = expand_compact_iri(name)) {
    iri = std::move(*compact);
  } else {
    iri = vocab_ + std::string(name);
  }
  if (name.empty() || iri.size() > name_bytes_max || !fits_an_iri(iri)) {
    throw fault(fault_kind::invalid, "a name may not be empty, longer than 2,000 bytes or have characters that no IRI has",
                std::string(name.substr(0, 100)), "ETSI GS CIM 009, 4.6.2");
  }
  return iri;
}

symbol context::expand_to_symbol(std::string_view name) const {
  auto const iri = expand(name);
  if (auto const known = symbol::find(iri)) return known;
  if (symbol_count() >= symbols_max) throw fault(fault_kind::too_many, "this server knows as many names as it can hold", iri);
  return symbol(iri);
}

symbol context::find_symbol(std::string_view name) const { return symbol::find(expand(name)); }

std::string context::compact(std::string_view iri) const {
  if (auto const it = shortest_.find(iri); it != shortest_.end()) return it->second;
  if (!vocab_.empty() && iri.size() > vocab_.size() && iri.starts_with(vocab_)) {
    auto const rest = iri.substr(vocab_.size());
    // A term of that name would mean something else, and with a colon it would look like an IRI.
    if (find(rest) == nullptr && rest.find(':') == std::string_view::npos) return std::string(rest);
  }
  auto best = std::string();
  for (auto const& [start, term] : prefixes_) {
    if (iri.size() <= start.size() || !iri.starts_with(start)) continue;
    auto candidate = term + ":" + std::string(iri.substr(start.size()));
    if (find(candidate) != nullptr) continue;
    if (best.empty() || std::pair(candidate.size(), std::string_view(candidate)) < std::pair(best.size(), std::string_view(best))) {
      best = std::move(candidate);
    }
  }
  return best.empty() ? std::string(iri) : best;
}

std::string_view context::compact(symbol iri) const {
  {
    auto const held = std::shared_lock(lock_);
    if (auto const it = compacted_.find(iri); it != compacted_.end()) return *it->second;
  }
  auto text = std::make_unique<std::string const>(compact(iri.text()));
  auto const held = std::unique_lock(lock_);
  return *compacted_.try_emplace(iri, std::move(text)).first->second;
}

bool is_core_context_url(std::string_view url) {
  auto rest = url;
  for (auto const scheme : {std::string_view("https://"), std::string_view("http://")}) {
    if (rest.starts_with(scheme)) {
      rest.remove_prefix(scheme.size());
      break;
    }
  }
  static constexpr auto stem = std::string_view("uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context");
  if (!rest.starts_with(stem)) return false;
  rest.remove_prefix(stem.size());
  if (rest == ".jsonld") return true;
  return rest.size() == 12 && rest.starts_with("-v1.") && rest[4] >= '0' && rest[4] <= '9' && rest.substr(5) == ".jsonld";
}

context_ptr core_context() {
  static auto const core = [] {
    auto const document = json::parse(core_context_text());
    return process_context(*document.find("@context"), nullptr, [](auto const&) { return nullptr; }).context;
  }();
  return core;
}

}  // namespace dos

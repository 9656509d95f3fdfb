#include "linked_data/context_store.h"

#include <atomic>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/id.h"
#include "base/text.h"
#include "contract/city_names.h"
#include "kernel/city/city.h"
#include "linked_data/refusal.h"

namespace dos::linked_data {
namespace {

std::shared_ptr<json::value const> read_document(std::string const& path) {
  auto in = std::ifstream(path, std::ios::binary);
  if (!in) throw fault(fault_kind::invalid, "the context file " + path + " cannot be read", "contexts");
  auto bytes = std::ostringstream();
  bytes << in.rdbuf();
  return std::make_shared<json::value const>(json::parse(bytes.str()));
}

constexpr auto package_contexts_path = std::string_view("/platform/v1/contexts/");
constexpr auto hosted_path = std::string_view("/ngsi-ld/v1/jsonldContexts/");

}  // namespace

context_store::context_store(node& n) : node_(n) {
  auto const* fetches = n.configuration.find("fetch_contexts");
  fetches_ = fetches == nullptr || !fetches->is_bool() || fetches->as_bool();
  if (auto const* files = n.configuration.find("contexts"); files != nullptr && files->is_object()) {
    for (auto const& [url, path] : files->as_object()) {
      if (path.is_string()) preloaded_[url] = read_document(std::string(path.as_string()));
    }
  }
  for (auto const& c : n.cities) {
    auto const file = n.default_context_file(c->id());
    auto& mine = usual_[c->id()];
    if (!file.empty()) mine.of_file = *read_document(file);
    mine.all.emplace_back(nullptr, std::make_unique<usual const>(read_usual(file, base_of(*c) + "/context.jsonld")));
  }
}

context_store::usual context_store::read_usual(std::string const& path, std::string url) {
  if (path.empty()) {
    static auto const core = std::make_shared<json::value const>(json::parse(core_context_text()));
    return {core_context(), std::string(core_context_url), core};
  }
  auto document = read_document(path);
  preloaded_[url] = document;
  auto const* inner = document->find("@context");
  if (inner == nullptr) throw fault(fault_kind::invalid, "the default context has no @context", "default_context");
  auto made = process_context(*inner, core_context().get(), [&](std::string const& other) {
    auto const it = preloaded_.find(other);
    return it == preloaded_.end() ? nullptr : it->second;
  });
  if (!made.context) throw fault(fault_kind::invalid, "the default context needs " + made.missing[0], "default_context");
  return {std::move(made.context), std::move(url), std::move(document)};
}

// What a URL of our own stands for changes with the packages of the city.
std::string context_store::key_of(city const& c, json::value const& local) const {
  return c.id() + '\n' + usual_of(c).url + '\n' + json::to_string(local);
}

context_store::usual const& context_store::usual_of(city const& c) const {
  auto const current = c.find_record(package_context_collection, current_context);
  auto const held = std::lock_guard(usual_lock_);
  auto& mine = usual_.find(c.id())->second;
  if (current && mine.all.back().first != current) {
    mine.all.emplace_back(current, std::make_unique<usual const>(with_packages(c, mine.of_file, *current)));
  }
  return *mine.all.back().second;
}

context_store::usual context_store::with_packages(city const& c, json::value const& of_file, json::value const& current) const {
  auto document = std::make_shared<json::value const>(context_document(of_file, current.find("terms")));
  auto made = process_context(*document->find("@context"), core_context().get(), [&](std::string const& other) {
    auto const it = preloaded_.find(other);
    return it == preloaded_.end() ? nullptr : it->second;
  });
  if (!made.context) throw fault(fault_kind::internal, "the context of the city's packages needs " + made.missing[0]);
  return {std::move(made.context), base_of(c) + std::string(package_contexts_path) + context_digest(*document), std::move(document)};
}

std::shared_ptr<json::value const> context_store::find_package_context(session const& s, std::string_view url) const {
  auto const at = url.find(package_contexts_path);
  if (at == url.npos) return nullptr;
  auto const digest = url.substr(at + package_contexts_path.size());
  auto const before = url.substr(0, at);
  for (auto const& c : {node_.find_city(before.substr(before.rfind('/') + 1)), s.shared_city(), node_.cities.front()}) {
    if (!c) continue;
    if (auto const& now = usual_of(*c); now.url.ends_with(digest)) return now.document;
    if (digest != current_context) {
      if (auto const old = c->find_record(package_context_collection, digest)) return old;
    }
  }
  return nullptr;
}

// The first city is served at the root as well, and is known by it.
std::string context_store::base_of(city const& c) const {
  return c.id() == node_.cities.front()->id() ? node_.public_url : node_.public_url + "/" + c.id();
}

std::string context_store::url_of_hosted(city const& c, std::string_view local_id) const {
  return base_of(c) + std::string(hosted_path) + std::string(local_id);
}

// The path names the city; at the root it is whoever asks, by header, or the first one.
std::optional<std::pair<std::shared_ptr<city>, std::string>> context_store::find_hosted(session const& s, std::string_view url) const {
  auto const at = url.find(hosted_path);
  if (at == url.npos) return std::nullopt;
  auto const before = url.substr(0, at);
  auto const id = std::string(url.substr(at + hosted_path.size()));
  auto places = std::vector<std::shared_ptr<city>>{s.shared_city(), node_.cities.front()};
  if (auto const named = node_.find_city(before.substr(before.rfind('/') + 1))) places = {named};
  for (auto const& c : places) {
    if (c->find_record(context_collection, id)) return std::pair(c, id);
  }
  return std::nullopt;
}

std::shared_ptr<json::value const> context_store::load(session const& s, std::string const& url) {
  if (auto const hosted = find_hosted(s, url)) {
    auto const record = hosted->first->find_record(context_collection, hosted->second);
    if (auto const* const body = record ? record->find("body") : nullptr) return std::make_shared<json::value const>(*body);
  }
  if (auto made = find_package_context(s, url)) return made;
  for (auto const& c : node_.cities) {
    if (url == base_of(*c) + "/context.jsonld") return usual_of(*c).document;
  }
  auto const held = std::lock_guard(lock_);
  if (auto const it = cached_.find(url); it != cached_.end()) return it->second.document;
  auto const it = preloaded_.find(url);
  if (it == preloaded_.end()) return {};
  cached_[url] = {new_uuid(), it->second, node_.clock.now(), false};
  return it->second;
}

void context_store::count_use(std::vector<std::string> const& urls) {
  auto const now = node_.clock.now();
  for (auto const& url : urls) {
    auto& usage = usage_[url];
    usage.last = now;
    ++usage.hits;
  }
}

void context_store::drop_least_used() {
  auto oldest = cached_.begin();
  for (auto it = cached_.begin(); it != cached_.end(); ++it) {
    if (usage_[it->first].last < usage_[oldest->first].last) oldest = it;
  }
  cached_bytes_ -= oldest->second.bytes;
  usage_.erase(oldest->first);
  cached_.erase(oldest);
}

void context_store::keep(std::string const& url, json::value document, std::size_t bytes, bool is_implicit) {
  auto const held = std::lock_guard(lock_);
  while (!cached_.empty() && (cached_.size() >= cached_contexts_max || cached_bytes_ + bytes > cached_bytes_max)) drop_least_used();
  if (usage_.size() > 4 * cached_contexts_max) std::erase_if(usage_, [&](auto const& u) { return !cached_.contains(u.first); });
  auto& c = cached_[url];
  cached_bytes_ += bytes - c.bytes;
  auto const id = is_implicit ? url.substr(url.rfind('/') + 1) : c.local_id.empty() ? new_uuid() : c.local_id;
  c = {id, std::make_shared<json::value const>(std::move(document)), node_.clock.now(), is_implicit, bytes};
}

void context_store::keep_compiled(std::string key, compiled c) {
  auto const weight = c.context->term_count() + key.size() / 64;  // a term takes some hundred bytes
  auto const held = std::lock_guard(lock_);
  count_use(c.urls);
  if (compiled_.size() >= cached_contexts_max || compiled_terms_ + weight > compiled_terms_max) {
    compiled_.clear();
    compiled_terms_ = 0;
  }
  if (compiled_.insert_or_assign(std::move(key), std::move(c)).second) compiled_terms_ += weight;
}

namespace {

fault not_available(std::string const& url, std::string const& why) {
  return fault(fault_kind::bad_gateway, "the context " + url + " is not available: " + why, "@context", "ETSI GS CIM 009, 5.5.2");
}

}  // namespace

void context_store::fetch(std::string const& url, std::function<void()> then, failure otherwise) {
  if (!fetches_ || !node_.outbound) return otherwise(not_available(url, "it is not preloaded and this server fetches none"));
  if (!url.starts_with("http://") && !url.starts_with("https://")) return otherwise(not_available(url, "it has no web address"));
  {
    auto const held = std::lock_guard(lock_);
    auto& all = fetched_for_[url];
    all.push_back({std::move(then), std::move(otherwise)});
    if (all.size() > 1) return;  // it is on its way
  }
  auto request = outbound_request();
  request.url = url;
  request.headers.add("Accept", "application/ld+json, application/json;q=0.8");
  request.timeout = std::chrono::seconds(5);
  request.response_bytes_max = context_bytes_max;
  request.redirects_max = 3;
  node_.outbound(std::move(request), [this, url](outbound_response r) { came_in(url, r); });
}

void context_store::came_in(std::string const& url, outbound_response const& r) {
  // What came is no context: that is for whoever names it to mend. 5.5.6
  auto const is_none = [&](std::string const& why) {
    return fault(fault_kind::invalid, "what is at " + url + " is no context: " + why, "@context", "ETSI GS CIM 009, 5.5.6");
  };
  auto wrong = std::optional<fault>();
  if (r.status != 200) {
    wrong = not_available(url, r.status == 0 ? r.error : "status " + std::to_string(r.status));
  } else {
    try {
      auto document = json::parse(r.body);
      if (document.find("@context") == nullptr) wrong = is_none("the document has no @context");
      else keep(url, std::move(document), r.body.size(), false);
    } catch (fault const& f) {
      wrong = is_none(f.detail);
    }
  }
  auto all = std::vector<waiting>();
  {
    auto const held = std::lock_guard(lock_);
    all = std::move(fetched_for_[url]);
    fetched_for_.erase(url);
  }
  for (auto const& w : all) {
    if (wrong) w.otherwise(*wrong);
    else w.then();
  }
}

void context_store::resolve(session const& s, json::value const& local, use then, failure otherwise) {
  auto const is_core = local.is_null() || (local.is_string() && is_core_context_url(local.as_string()));
  if (is_core) return then(core_context());
  auto const key = key_of(s.city(), local);
  if (key.size() > context_bytes_max) {
    return otherwise(fault(fault_kind::too_large, "a context has at most " + std::to_string(context_bytes_max >> 20) + " MB", "@context"));
  }
  auto found = context_ptr();
  {
    auto const held = std::lock_guard(lock_);
    if (auto const it = compiled_.find(key); it != compiled_.end()) {
      found = it->second.context;
      count_use(it->second.urls);
    }
  }
  if (found) return then(std::move(found));
  try_again(s, std::make_shared<json::value const>(local), std::move(then), std::move(otherwise), node_.clock.now() + fetching_us_max);
}

void context_store::try_again(session const& s, std::shared_ptr<json::value const> local, use then, failure otherwise, timestamp until) {
  auto made = processed();
  auto urls = std::vector<std::string>();
  try {
    made = process_context(*local, core_context().get(), [&](std::string const& url) {
      auto const hosted = find_hosted(s, url);
      urls.push_back(hosted ? url_of_hosted(*hosted->first, hosted->second) : url);
      return load(s, url);
    });
    if (!made.context && node_.clock.now() > until) throw not_available(made.missing[0], "all that this one names takes too long");
  } catch (fault const& f) {
    return otherwise(f);
  }
  if (made.context) {
    keep_compiled(key_of(s.city(), *local), {made.context, std::move(urls)});
    return then(std::move(made.context));
  }
  // One after the other: contexts rarely name more than one that is new.
  auto const url = made.missing[0];
  fetch(url, [=, this] { try_again(s, local, then, otherwise, until); }, otherwise);
}

std::string context_store::url_of(city const& c, json::value const& local) {
  if (local.is_null()) return usual_of(c).url;
  if (local.is_string()) return std::string(local.as_string());
  if (local.is_array()) {
    auto const* only = static_cast<json::value const*>(nullptr);
    auto urls = 0;
    for (auto const& part : local.as_array()) {
      if (part.is_string() && is_core_context_url(part.as_string())) continue;
      only = &part;
      ++urls;
    }
    if (urls == 0) return std::string(core_context_url);
    if (urls == 1 && only->is_string()) return std::string(only->as_string());
  }
  auto const written = json::to_string(local);
  auto const url = url_of_hosted(c, text::to_base64url(sha256(written).substr(0, 16)));
  {
    auto const held = std::lock_guard(lock_);
    if (auto const it = cached_.find(url); it != cached_.end()) return url;
  }
  keep(url, json::object{{"@context", local}}, written.size(), true);
  auto const held = std::lock_guard(lock_);
  count_use({url});
  return url;
}

std::map<std::string, cached_context> context_store::cached() const {
  auto const held = std::lock_guard(lock_);
  return {cached_.begin(), cached_.end()};
}

context_usage context_store::usage_of(std::string const& url) const {
  auto const held = std::lock_guard(lock_);
  auto const it = usage_.find(url);
  return it == usage_.end() ? context_usage() : it->second;
}

bool context_store::forget(std::string_view url_or_id) {
  auto const held = std::lock_guard(lock_);
  auto const n = std::erase_if(cached_, [&](auto const& c) {
    if (c.first != url_or_id && c.second.local_id != url_or_id) return false;
    usage_.erase(c.first);
    cached_bytes_ -= c.second.bytes;
    return true;
  });
  compiled_.clear();
  compiled_terms_ = 0;
  return n != 0;
}

void context_store::forget_compiled() {
  auto const held = std::lock_guard(lock_);
  compiled_.clear();
  compiled_terms_ = 0;
}

}  // namespace dos::linked_data

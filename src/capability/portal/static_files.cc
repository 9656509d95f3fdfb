#include "capability/portal/static_files.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>

#include "base/file.h"
#include "base/id.h"
#include "base/text.h"
#include "capability/portal/page_renderer.h"
#include "http/media.h"
#include "http/problem.h"
#include "kernel/city/city.h"
#include "net/gzip.h"

namespace dos::portal {
namespace {

namespace fs = std::filesystem;

constexpr auto media_types = std::array<std::pair<std::string_view, std::string_view>, 16>{{
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".geojson", "application/geo+json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".txt", "text/plain; charset=utf-8"},
    {".xml", "application/xml"},
    {".wasm", "application/wasm"},
}};

std::string_view media_type(std::string_view path) {
  for (auto const& [ending, type] : media_types) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

// What the build of the page wrote into it, which knows its scripts; as a header it can say who may frame it, too.
std::string policy_of(std::string_view name, std::string_view page) {
  constexpr auto begin = std::string_view("<meta http-equiv=\"content-security-policy\" content=\"");
  auto const at = name.ends_with(".html") ? page.find(begin) : page.npos;
  if (at == page.npos) return {};
  auto const text = page.substr(at + begin.size());
  return std::string(text.substr(0, text.find('"'))) + "; frame-ancestors 'self'";
}

// The files below one folder, as they were when it was opened: names are looked up in this list, never on the disk, so
// that no path leads out of it. A released web build does not change under a running program.
class folder {
 public:
  folder(fs::path root, std::vector<std::string> const& names) {
    for (auto const& name : names) add(root, name);
  }
  // Everything below.
  explicit folder(fs::path const& root) {
    auto error = std::error_code();
    for (auto const& entry : fs::recursive_directory_iterator(root, error)) {
      add(root, entry.path().lexically_relative(root).generic_string());
    }
  }

  struct file {
    std::string bytes;
    std::string tag;
    std::string policy;  // Content-Security-Policy of a page
  };
  file const* find(std::string_view path) const {
    auto const it = files_.find(path);
    return it == files_.end() ? nullptr : &it->second;
  }

 private:
  void add(fs::path const& root, std::string const& name) {
    auto error = std::error_code();
    auto const place = root / name;
    if (!fs::is_regular_file(fs::symlink_status(place, error))) return;
    auto bytes = read_file(place);
    auto tag = '"' + text::to_hex(sha256(bytes)).substr(0, 16) + '"';
    auto policy = policy_of(name, bytes);
    files_.emplace(name, file{std::move(bytes), std::move(tag), std::move(policy)});
  }

  std::map<std::string, file, std::less<>> files_;
};

http::response serve(folder const& files, std::string const& path, http::request const& r) {
  auto const* found = files.find(path);
  if (!found) throw fault(fault_kind::not_found, "there is no page " + r.path);
  auto answer = http::response();
  answer.headers.set("Content-Type", std::string(media_type(path)));
  answer.headers.set("Vary", "Accept-Encoding");
  answer.headers.set("Cache-Control", path.find("_app/immutable/") != path.npos ? "public, max-age=31536000, immutable" : "no-cache");
  answer.headers.set("Referrer-Policy", "same-origin");
  if (!found->policy.empty()) answer.headers.set("Content-Security-Policy", found->policy);
  auto const accepted = r.headers.text_or("Accept-Encoding", {});
  for (auto const& [name, ending] : {std::pair{"br", ".br"}, std::pair{"gzip", ".gz"}}) {
    if (!http::accepts_coding(accepted, name)) continue;
    if (auto const* const packed = files.find(path + ending)) {
      answer.headers.set("Content-Encoding", name);
      found = packed;
      break;
    }
  }
  answer.headers.set("ETag", found->tag);
  if (r.headers.text_or("If-None-Match", {}) == found->tag) answer.status = 304;
  else answer.body = found->bytes;
  return answer;
}

// What the cities brought with them for everybody to see: "schwerte/logo.svg".
std::vector<std::string> shown_of_cities(node const& n) {
  auto names = std::vector<std::string>();
  for (auto const& p : n.profiles) {
    for (auto const* const word : {"logo", "boundary"}) {
      auto const name = fs::path(p.words.text_or(word, {})).filename().string();
      if (!name.empty()) names.push_back(p.id + '/' + name);
    }
  }
  return names;
}

// No name of a file has these. Elsewhere an encoded slash is part of an id.
void require_plain(std::string_view segment, http::request const& r) {
  require(segment.find_first_of("/\\") == segment.npos, fault_kind::not_found, "there is nothing at " + r.path);
}

// The map's data are large and seldom change: packed once, kept by browsers for a day, and not sent again if the same.
class map_layers {
 public:
  explicit map_layers(fs::path const& root) : files_(root) {}

  http::response serve(std::string const& file, http::request r) {
    auto known = r.headers.text_or("If-None-Match", {});
    if (known.starts_with("W/")) r.headers.set("If-None-Match", std::string(known.substr(2)));
    auto answer = portal::serve(files_, file, r);
    answer.headers.set("Cache-Control", "public, max-age=86400");
    // Weak: packed or not, it is the same.
    answer.headers.set("ETag", "W/" + std::string(answer.headers.text_or("ETag", {})));
    if (answer.body.empty() || !http::accepts_coding(http::joined(r.headers, "Accept-Encoding"), "gzip")) return answer;
    auto const lock = std::lock_guard(mutex_);
    auto& packed = packed_[file];
    if (packed.empty()) packed = net::gzipped(answer.body);
    answer.body = packed;
    answer.headers.set("Content-Encoding", "gzip");
    return answer;
  }

 private:
  folder files_;
  std::mutex mutex_;
  std::map<std::string, std::string> packed_;  // of files that exist
};

// "/a/" and "/a" are a/index.html; what has no page of its own is the app's.
std::string file_for(folder const& files, http::request const& r) {
  auto path = std::string();
  for (auto const& segment : r.segments) {
    require_plain(segment, r);
    path += (path.empty() ? "" : "/") + segment;
  }
  if (!path.empty() && files.find(path)) return path;
  auto const index = path.empty() ? "index.html" : path + "/index.html";
  if (files.find(index)) return index;
  if (files.find(path + ".html")) return path + ".html";
  auto const in_app = !r.segments.empty() && (r.segments[0] == "workplace" || (r.segments.size() > 1 && r.segments[1] == "workplace"));
  return in_app ? "200.html" : path;
}

// "en/index.html" is /en/.
std::string address_of(std::string_view path) { return "/" + std::string(path.substr(0, path.rfind('/') + 1)); }

// With what the city has to say; as it was built where that cannot be said.
void serve_rendered(node const& n, std::shared_ptr<page_renderer> const& renderer, std::shared_ptr<folder> const& pages,
                    std::string path, http::request r, http::reply answer) {
  auto built = std::make_shared<http::response>();
  {
    auto plain = http::request();
    plain.path = r.path;
    *built = serve(*pages, path, plain);
  }
  auto const finish = [built, answer](std::string const& html) {
    built->headers.erase("ETag");  // the server packs what has none
    built->body = html;
    answer(std::move(*built));
  };
  auto const address = address_of(path);
  auto const peer = r.peer;
  if (auto const made = renderer->find(address)) return finish(*made);
  auto work = [renderer, pages, address, built, finish, path = std::move(path), r = std::move(r), answer] {
    if (auto const made = renderer->render(address, built->body)) finish(*made);
    else answer(serve(*pages, path, r));
  };
  if (n.on_worker) n.on_worker(peer, "pages", std::move(work));
  else work();
}

// The boundaries that the cities brought with them, as one GeoJSON collection.
http::response boundaries(node const& n, folder const& homes) {
  auto features = json::array();
  for (auto const& p : n.profiles) {
    auto const name = fs::path(p.words.text_or("boundary", {})).filename().string();
    auto const* const file = name.empty() ? nullptr : homes.find(p.id + "/" + name);
    if (!file) continue;
    auto const shape = json::parse(file->bytes);
    auto const* const given = p.words.find("name");
    auto const called = given->is_string() ? given->as_string() : given->text_or("de", p.id);
    auto const add = [&](json::value const& geometry) {
      features.push_back(json::object({{"type", "Feature"},
                                       {"properties", json::object({{"name", called}, {"role", "city"}})},
                                       {"geometry", geometry}}));
    };
    if (auto const* const list = shape.find("features"); list && list->is_array()) {
      for (auto const& f : list->as_array()) {
        if (auto const* const geometry = f.find("geometry")) add(*geometry);
      }
    } else if (auto const* const geometry = shape.find("geometry")) {
      add(*geometry);
    } else {
      add(shape);
    }
  }
  auto const all = json::object({{"type", "FeatureCollection"}, {"features", std::move(features)}});
  return http::with_body(200, "application/geo+json", json::to_string(all));
}

}  // namespace

void offer_static_files(node const& n, offer& o) {
  auto const pages = std::make_shared<folder>(fs::path(n.resources_directory) / "web" / "build");
  auto const maps = std::make_shared<map_layers>(fs::path(n.resources_directory) / "demo" / "map");
  auto const homes = std::make_shared<folder>(fs::path(n.data_directory) / "cities", shown_of_cities(n));
  auto const bundle = fs::path(n.resources_directory) / "web" / "build_server" / "pages.js";
  auto const renderer = std::make_shared<page_renderer>(n, read_file(bundle));
  auto const page = [pages, renderer, &n](http::request r, http::reply answer) {
    auto const path = file_for(*pages, r);
    if (path.ends_with("index.html") && renderer->is_rendered(address_of(path))) {
      return serve_rendered(n, renderer, pages, path, std::move(r), std::move(answer));
    }
    if (pages->find(path)) return answer(serve(*pages, path, r));
    // "/dortmund" as people type it.
    if (r.segments.size() == 1 && n.find_city(r.segments[0])) {
      auto there = http::response();
      there.status = 302;
      there.headers.set("Location", "/?city=" + r.segments[0]);
      return answer(std::move(there));
    }
    // A person gets the page that says so, a program a problem.
    auto const accept = r.headers.text_or("Accept", {});
    if (accept.find("text/html") == accept.npos || !pages->find("404.html")) {
      throw fault(fault_kind::not_found, "there is nothing at " + r.path);
    }
    auto missing = serve(*pages, "404.html", r);
    missing.status = 404;
    answer(std::move(missing));
  };
  o.node_routes.push_back({"GET", "/", need::nothing, page, thread_use::quick});
  o.node_routes.push_back({"GET", "/{rest...}", need::nothing, page, thread_use::quick});
  o.node_routes.push_back({"GET", "/demo-map/{file}", need::nothing,
                           [&n, maps, homes](http::request r, http::reply answer) {
                             auto const file = std::string(r.param("file"));
                             require_plain(file, r);
                             if (n.demo) return answer(maps->serve(file, std::move(r)));
                             if (file == "boundaries.geojson") return answer(boundaries(n, *homes));
                             require(file == "stops.geojson" || file == "lines.geojson", fault_kind::not_found, "there is no map layer " + file);
                             answer(http::json(200, R"({"type":"FeatureCollection","features":[]})"));
                           },
                           thread_use::quick});
  o.city_routes.push_back({.method = "GET",
                           .pattern = "/platform/v1/logo",
                           .needs = need::nothing,
                           .handle =
                               [&n, homes](session s, http::request r, http::reply answer) {
                                 for (auto const& p : n.profiles) {
                                   auto const logo = fs::path(p.words.text_or("logo", {})).filename().string();
                                   if (p.id == s.city().id() && !logo.empty()) return answer(serve(*homes, p.id + "/" + logo, r));
                                 }
                                 throw fault(fault_kind::not_found, "this city has no logo");
                               },
                           .use = thread_use::quick});
}

}  // namespace dos::portal

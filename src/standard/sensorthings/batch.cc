// $batch: several requests in one, as multipart/mixed (OGC 18-088, 11.2) or as JSON (as FROST has it). Requests of a
// change set, or atomicity group, are one write: all or nothing.
#include <algorithm>
#include <map>

#include "base/fault.h"
#include "base/id.h"
#include "base/text.h"
#include "base/work_budget.h"
#include "http/media.h"
#include "http/url.h"
#include "standard/sensorthings/service.h"

namespace dos::sensorthings {
namespace {

constexpr std::size_t requests_max = 10'000;

struct part {
  std::string id;
  std::string url;    // as it came; seen from the address of the batch
  std::string group;  // empty: on its own
  http::request request;
  http::response response;
};

std::string upper(std::string_view s) {
  auto out = std::string(s);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return char(std::toupper(c)); });
  return out;
}

// What requests have made so far, by the names that later ones call it by: "$1" is "Things(12)".
using names = std::map<std::string, std::string, std::less<>>;

// "$1/Datastreams" is "Things(12)/Datastreams".
std::string resolved(std::string_view url, names const& made) {
  auto const from = url.starts_with('/') ? 1u : 0u;
  auto const end = std::min(url.find_first_of("/?", from), url.size());
  auto const it = made.find(url.substr(from, end - from));
  return it == made.end() ? std::string(url) : it->second + std::string(url.substr(end));
}

// {"@iot.id": "$1"} is {"@iot.id": 12}.
void resolve(json::value& v, names const& made) {
  if (v.is_array()) {
    for (auto& one : v.as_array()) resolve(one, made);
  } else if (v.is_object()) {
    for (auto& m : v.as_object()) {
      auto const it = m.key == "@iot.id" && m.value.is_string() ? made.find(m.value.as_string()) : made.end();
      if (it != made.end()) m.value = *parse_segment(it->second).id;
      else resolve(m.value, made);
    }
  }
}

void resolve_body(part& p, names const& made) {
  try {
    auto body = json::parse(p.request.body);
    resolve(body, made);
    p.request.body = json::to_string(body);
  } catch (fault const&) {  // its own answer says so
  }
}

// "Things", "/v1.1/Things", "http://host/v1.1/Things?…": seen from the address of the batch.
void set_address(http::request& r, std::string_view url, http::request const& outer) {
  if (auto const at = url.find("://"); at != url.npos) {
    auto const slash = url.find('/', at + 3);
    url = slash == url.npos ? "/" : url.substr(slash);
  }
  auto const prefix = outer.path.substr(0, outer.path.find("/v1.1") + 5);
  auto const base_path = "/v1.1";
  if (url.starts_with(prefix + "/") || url == prefix) {
    http::set_target(r, std::string(url));
  } else if (auto const at = url.find(base_path); url.starts_with('/') && at != url.npos) {
    http::set_target(r, prefix + std::string(url.substr(at + 5)));
  } else {
    http::set_target(r, prefix + "/" + std::string(url.starts_with('/') ? url.substr(1) : url));
  }
  r.headers.set("Host", std::string(outer.headers.text_or("Host", "")));
  r.secure = outer.secure;
  r.peer = outer.peer;
}

// `answered`: bytes of the answers so far. What a batch may use is of all its requests together: when it is used up, those
// that are left are answered 429, each by itself, so that the client knows what was done.
void run(std::vector<part*> const& group, service const& s, session const& who, std::size_t answered) {
  auto const refuse_all = [&](fault const& f) {
    for (auto* const p : group) p->response = fault_response(f);
  };
  try {
    spend(answered + 1);
    if (group.size() == 1 && group[0]->group.empty()) {
      group[0]->response = perform(s, who, group[0]->request);
      return;
    }
    auto writes = std::vector<prepared_write>();
    auto base = std::string();
    for (auto* const p : group) {
      auto const t = target_of(s, p->request);
      require(p->request.method != "GET", fault_kind::invalid, "a change set has no GET");
      base = t.base;
      writes.push_back(prepare_in_change_set(s, who, p->request, t, p->id));
    }
    apply(s, who, writes);
    for (auto i = std::size_t(0); i < group.size(); ++i) group[i]->response = writes[i].answer(base);
  } catch (fault const& f) {
    refuse_all(f);
  }
}

void run_all(std::vector<part>& parts, service const& s, session const& who, http::request const& outer) {
  auto done = std::vector<bool>(parts.size());
  auto made = names();
  auto answered = std::size_t(0);
  for (auto i = std::size_t(0); i < parts.size(); ++i) {
    if (done[i]) continue;
    auto group = std::vector<part*>{&parts[i]};
    for (auto k = i + 1; k < parts.size() && !parts[i].group.empty(); ++k) {
      if (parts[k].group != parts[i].group) continue;
      group.push_back(&parts[k]);
      done[k] = true;
    }
    for (auto* const p : group) {
      set_address(p->request, resolved(p->url, made), outer);
      if (!made.empty() && p->request.body.find("\"$") != std::string::npos) resolve_body(*p, made);
    }
    run(group, s, who, answered);
    for (auto const* const p : group) {
      answered += p->response.body.size();
      auto const location = p->response.headers.find("Location");
      if (location && !p->id.empty()) made["$" + p->id] = location->substr(location->rfind('/') + 1);
    }
  }
}

// --- JSON ---

std::vector<part> read_json(json::value const& body) {
  auto const* const list = body.find("requests");
  require(list && list->is_array(), fault_kind::malformed, "a batch has \"requests\"", "requests");
  require(list->as_array().size() <= requests_max, fault_kind::too_large, "a batch has at most 10,000 requests");
  auto parts = std::vector<part>();
  for (auto const& q : list->as_array()) {
    auto p = part();
    require(q.is_object() && q.find("method") && q.find("url"), fault_kind::malformed,
            "a request of a batch has an id, a method and a url", "requests");
    auto const* const id = q.find("id");
    if (id) p.id = id->is_string() ? std::string(id->as_string()) : json::to_string(*id);
    p.group = q.text_or("atomicityGroup", "");
    p.request.method = upper(q.text_or("method", "GET"));
    p.request.headers.set("Content-Type", "application/json");
    if (auto const* const headers = q.find("headers"); headers && headers->is_object()) {
      for (auto const& h : headers->as_object()) {
        if (h.value.is_string()) p.request.headers.set(h.key, std::string(h.value.as_string()));
      }
    }
    if (auto const* const b = q.find("body")) p.request.body = json::to_string(*b);
    p.url = q.text_or("url", "");
    parts.push_back(std::move(p));
  }
  return parts;
}

// Bodies go as they are and are let go one by one: a batch can be large.
http::response write_json(std::vector<part>& parts) {
  auto out = std::string("{\"responses\":[");
  for (auto& p : parts) {
    if (&p != &parts.front()) out += ',';
    auto o = json::object{{"id", p.id}, {"status", p.response.status}};
    if (auto const location = p.response.headers.find("Location")) o.push("location", *location);
    json::write(out, json::value(std::move(o)));
    auto const body = std::exchange(p.response.body, {});
    if (body.empty()) continue;
    out.back() = ',';
    out += "\"body\":";
    auto const type = http::content_type(p.response.headers);
    if (type == "application/json" || type == "application/geo+json") out += body;
    else json::write_string(out, body);
    out += '}';
  }
  out += "]}";
  return json_response(200, std::move(out));
}

// --- multipart ---

// A line without its end; `at` behind it.
std::string_view take_line(std::string_view s, std::size_t& at) {
  auto const end = std::min(s.find('\n', at), s.size());
  auto line = s.substr(at, end - at);
  at = std::min(end + 1, s.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

http::headers take_headers(std::string_view s, std::size_t& at) {
  auto h = http::headers();
  while (at < s.size()) {
    auto const line = take_line(s, at);
    if (line.empty()) break;
    auto const colon = line.find(':');
    require(colon != line.npos, fault_kind::malformed, "a header line of the batch has no colon");
    h.add(std::string(line.substr(0, colon)), std::string(text::trim(line.substr(colon + 1))));
  }
  return h;
}

std::vector<std::string_view> split_multipart(std::string_view body, std::string const& boundary) {
  require(!boundary.empty(), fault_kind::malformed, "multipart/mixed needs a boundary");
  auto const mark = "--" + boundary;
  auto parts = std::vector<std::string_view>();
  auto from = std::string_view::npos;
  for (auto at = std::size_t(0); at < body.size();) {
    auto const start = at;
    auto const line = take_line(body, at);
    if (!line.starts_with(mark)) continue;
    auto const rest = text::trim(line.substr(mark.size()));
    if (!rest.empty() && rest != "--") continue;
    if (from != body.npos) {
      auto piece = body.substr(from, start - from);
      if (piece.ends_with('\n')) piece.remove_suffix(1);
      if (piece.ends_with('\r')) piece.remove_suffix(1);
      parts.push_back(piece);
    }
    from = at;
    if (rest == "--") return parts;
  }
  throw fault(fault_kind::malformed, "the batch does not end with --" + boundary + "--");
}

part read_http(std::string_view piece, http::headers const& about) {
  auto p = part();
  p.id = about.text_or("Content-ID", "");
  auto at = std::size_t(0);
  auto const line = take_line(piece, at);
  auto const blank = line.find(' ');
  auto const end = line.rfind(" HTTP/");
  require(blank != line.npos && end != line.npos && blank < end, fault_kind::malformed,
          "a request of the batch begins like GET Things HTTP/1.1");
  p.request.method = upper(line.substr(0, blank));
  p.request.headers = take_headers(piece, at);
  auto body = piece.substr(at);
  if (auto const n = text::to_int(p.request.headers.text_or("Content-Length", ""));
      n && *n >= 0 && std::size_t(*n) < body.size()) {
    // Written by hand, the length is often wrong; the boundary is not.
    auto const rest = text::trim(body.substr(std::size_t(*n)));
    if (rest.empty()) body = body.substr(0, std::size_t(*n));
  }
  p.request.body = body;
  p.url = line.substr(blank + 1, end - blank - 1);
  return p;
}

std::string boundary_of(http::headers const& h) {
  auto const type = http::parse_media_type(h.text_or("Content-Type", ""));
  return std::string(type.params.text_or("boundary", ""));
}

std::vector<part> read_multipart(http::request const& r) {
  auto parts = std::vector<part>();
  auto sets = 0;
  for (auto const piece : split_multipart(r.body, boundary_of(r.headers))) {
    auto at = std::size_t(0);
    auto const about = take_headers(piece, at);
    if (!http::content_type(about).starts_with("multipart/")) {
      parts.push_back(read_http(piece.substr(at), about));
    } else {
      auto const group = "set" + std::to_string(++sets);
      for (auto const inner : split_multipart(piece.substr(at), boundary_of(about))) {
        auto inner_at = std::size_t(0);
        auto const inner_about = take_headers(inner, inner_at);
        parts.push_back(read_http(inner.substr(inner_at), inner_about));
        parts.back().group = group;
      }
    }
    require(parts.size() <= requests_max, fault_kind::too_large, "a batch has at most 10,000 requests");
  }
  return parts;
}

void write_part(std::string& out, part& p) {
  out += "Content-Type: application/http\n";
  if (!p.id.empty()) out += "Content-ID: " + p.id + "\n";
  // The protocol's name is written in capitals (RFC 9112, 2.3); the reason is any text.
  out += "\nHTTP/1.1 " + std::to_string(p.response.status) + " no text\n";
  if (auto const location = p.response.headers.find("Location")) out += "Location: " + std::string(*location) + "\n";
  auto const type = p.response.headers.find("Content-Type");
  if (type && p.response.status < 300 && !p.response.body.empty()) out += "Content-Type: " + std::string(*type) + "\n";
  out += '\n';
  out += std::exchange(p.response.body, {});
  out += '\n';
}

http::response write_multipart(std::vector<part>& parts) {
  auto const outer = "batch_" + new_uuid();
  auto out = std::string();
  for (auto i = std::size_t(0); i < parts.size(); ++i) {
    out += "--" + outer + "\n";
    if (parts[i].group.empty()) {
      write_part(out, parts[i]);
      continue;
    }
    auto const inner = "set_" + new_uuid();
    out += "Content-Type: multipart/mixed; boundary=" + inner + "\n\n";
    auto const group = parts[i].group;
    for (; i < parts.size() && parts[i].group == group; ++i) {
      out += "--" + inner + "\n";
      write_part(out, parts[i]);
    }
    --i;
    out += "--" + inner + "--\n";
  }
  out += "--" + outer + "--";
  return http::with_body(200, "multipart/mixed; boundary=" + outer, std::move(out));
}

}  // namespace

void add_batch(offer& o, service_ptr s) {
  auto const post = [s](session who, http::request r, http::reply answer) {
    auto const is_json = http::content_type(r.headers) == "application/json";
    auto parts = is_json ? read_json(parse_body(r)) : read_multipart(r);
    run_all(parts, *s, who, r);
    answer(is_json ? write_json(parts) : write_multipart(parts));
  };
  add_route(o, "POST", "/$batch", need::nothing, post);  // each of its parts is asked by itself
}

}  // namespace dos::sensorthings

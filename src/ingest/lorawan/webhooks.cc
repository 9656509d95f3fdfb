#include "ingest/lorawan/webhooks.h"

#include <algorithm>

#include "base/fault.h"
#include "base/id.h"
#include "base/text.h"
#include "contract/list.h"
#include "contract/rights.h"
#include "devices/input_source.h"
#include "http/problem.h"
#include "kernel/city/city.h"

namespace dos::lorawan {
namespace {

constexpr std::size_t webhooks_max = 1'000;

std::string source_of(std::string_view name) { return "webhook:" + std::string(name); }

std::string address_of(node const& n, session const& s, std::string_view network) {
  return n.public_url + "/" + s.city().id() + "/lorawan/" + std::string(network);
}

// Everything in the request that may be the secret.
std::vector<std::string> secrets_of(http::request const& r) {
  auto found = std::vector<std::string>();
  if (auto const header = r.headers.find("Authorization")) {
    auto const space = header->find(' ');
    auto const scheme = header->substr(0, space);
    auto const rest = space == header->npos ? *header : text::trim(header->substr(space));
    if (text::equal_ignoring_case(scheme, "Basic")) {
      auto const pair = text::from_base64(rest).value_or("");
      found.push_back(pair.substr(pair.find(':') + 1));
    } else {
      found.emplace_back(rest);
    }
  }
  for (auto const name : {"X-Webhook-Secret", "X-API-Key", "X-Downlink-Apikey"}) {
    if (auto const header = r.headers.find(name)) found.emplace_back(text::trim(*header));
  }
  return found;
}

// ThingPark signs what it sends: Token is the SHA-256 of members of the body, the other parameters of the query and the
// key that both sides know. ThingPark documents the parameters decoded; some deployments sign them as they are sent.
bool is_signed_with(std::string_view key, http::request const& r) {
  auto const token = text::lower(r.query.text_or("Token", ""));
  if (key.empty() || token.empty()) return false;
  auto decoded = std::string();
  for (auto const& [name, value] : r.query) {
    if (name != "Token") decoded += (decoded.empty() ? "" : "&") + name + "=" + value;
  }
  auto raw = r.raw_query.substr(0, r.raw_query.find("&Token="));
  for (auto const& signed_text : signed_texts(r.body)) {
    for (auto const& parameters : {decoded, raw}) {
      auto const expected = text::to_hex(sha256(signed_text + parameters + std::string(key)));
      if (text::equal_in_constant_time(expected, token)) return true;
    }
  }
  return false;
}

struct sender {
  std::string source;
  dos::provenance provenance = dos::provenance::measured;
};

std::optional<sender> find_webhook(session const& s, http::request const& r, network n) {
  auto hashes = std::vector<std::string>();
  for (auto const& secret : secrets_of(r)) hashes.push_back(text::to_hex(sha256(secret)));
  auto found = std::optional<sender>();
  s.for_each_record(webhook_collection, "", [&](std::string_view name, record_ptr const& record) {
    auto const kept = record->text_or("secret", "");
    if (record->text_or("network", "") != to_text(n)) return true;
    auto const knows = std::any_of(hashes.begin(), hashes.end(),
                                   [&](auto const& hash) { return text::equal_in_constant_time(hash, kept); });
    if (knows || is_signed_with(record->text_or("signingKey", ""), r)) {
      found =
          sender{source_of(name), parse_provenance(record->text_or("provenance", "")).value_or(provenance::measured)};
    }
    return !found;
  });
  return found;
}

bool has_signing_key(session const& s, network n) {
  auto found = false;
  s.for_each_record(webhook_collection, "", [&](std::string_view, record_ptr const& record) {
    found = record->text_or("network", "") == to_text(n) && !record->text_or("signingKey", "").empty();
    return !found;
  });
  return found;
}

sender get_sender(session const& s, http::request const& r, network n) {
  if (auto known = find_webhook(s, r, n)) return *known;
  if (s.who().may_write()) return {.source = "lorawan:" + s.who().name};
  throw fault(fault_kind::unauthenticated,
              "this webhook wants its secret: Authorization: Bearer …, Basic with it as password, or X-Webhook-Secret");
}

json::value answer_of(fate const& f) {
  auto o = json::object();
  o.push("result", f.what == fate::kind::stored     ? "stored"
                   : f.what == fate::kind::repeated ? "repeated"
                                                    : "quarantined");
  if (!f.reason.empty()) o.push("reason", f.reason);
  if (!f.detail.empty()) o.push("detail", f.detail);
  return o;
}

http::response response_of(fate const& f) {
  if (f.what == fate::kind::refused) return http::problem(*f.refused);
  // Sent again it would be no better: the network server is to show the mistake, not to retry.
  if (f.reason == "malformed") {
    return http::problem(fault(fault_kind::malformed, f.detail + " (the message is kept in quarantine)"));
  }
  return http::json(200, json::to_string(answer_of(f)));
}

json::value shown(node const& n, session const& s, std::string_view name, json::value const& record) {
  auto const network = record.text_or("network", "");
  return json::object{{"id", name},
                      {"name", name},
                      {"network", network},
                      {"source", source_of(name)},
                      {"provenance", record.text_or("provenance", "measured")},
                      {"url", address_of(n, s, network)},
                      {"createdAt", record.text_or("createdAt", "")}};
}

std::string read_name(json::value const& body) {
  auto const name = body.text_or("name", "");
  auto const plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  require(!name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), plain), fault_kind::invalid,
          "name is a short word of letters, digits and - _ .", "name");
  return std::string(name);
}

}  // namespace

void check_sender(session const& s, http::request const& r, network n) {
  if (n == network::actility && r.query.contains("Token") && has_signing_key(s, n)) return;  // signs the body, too
  get_sender(s, r, n);
}

void receive_webhook::operator()(session s, http::request r, http::reply answer) const {
  auto const from = get_sender(s, r, network);
  require(r.body.size() <= message_bytes_max, fault_kind::too_large, "a message has at most 1 MiB");
  intake_->take(s.shared_city(),
                {.source = from.source,
                 .network = network,
                 .topic = std::string(r.query.text_or("event", "")),
                 .body = std::move(r.body),
                 .received = node_.clock.now(),
                 .provenance = from.provenance},
                [answer](fate f) { answer(response_of(f)); });
}

void list_webhooks::operator()(session s, http::request r, http::reply answer) const {
  auto items = json::array();
  s.for_each_record(webhook_collection, "", [&](std::string_view name, record_ptr const& record) {
    items.push_back(shown(node_, s, name, *record));
    return true;
  });
  answer(list_response(std::move(items), read_list_page(r, list_items_max)));
}

void create_webhook::operator()(session s, http::request r, http::reply answer) const {
  auto const body = parse_body(r);
  auto const name = read_name(body);
  auto const from = parse_network(body.text_or("network", ""));
  require(from.has_value(), fault_kind::invalid, "network is " + std::string(network_names), "network");
  auto const brings = body.text_or("provenance", "measured");
  require(parse_provenance(brings).has_value(), fault_kind::invalid,
          "provenance is measured, recorded, simulated, forecast or entered", "provenance");
  require(s.record_count(webhook_collection) < webhooks_max, fault_kind::conflict, "a city has at most 1,000 webhooks");

  // ThingPark's Tunnel Interface Authentication Key: 128 bits in lower-case hexadecimal digits. To check what it signs we
  // have to know the key itself.
  auto const is_signing = *from == network::actility;
  auto const secret = is_signing ? text::to_hex(random_bytes(16)) : new_secret();
  auto record = json::value(json::object{{"name", name},
                                               {"network", to_text(*from)},
                                               {"secret", text::to_hex(sha256(secret))},
                                               {"provenance", brings},
                                               {"createdAt", to_string(node_.clock.now())},
                                               {"by", s.who().name}});
  if (is_signing) record.as_object().push("signingKey", secret);
  auto const source = input_source{.id = source_of(name),
                                   .kind = "webhook",
                                   .name = name,
                                   .state = "waiting",
                                   .url = address_of(node_, s, to_text(*from)),
                                   .error = {}};
  auto told = shown(node_, s, name, record);
  told.as_object().push("secret", secret);
  told.as_object().push("header", "Authorization: Bearer " + secret);
  submit_and_reply(
      s,
      [record, source, name](transaction& t) {
        require(!t.find_record(webhook_collection, name), fault_kind::conflict, "there is a webhook of this name",
                "name");
        t.put_record(webhook_collection, name, record);
        t.put_record(input_source_collection, source.id, to_json(source));
      },
      std::move(answer),
      [told = json::to_string(told), name](outcome const&) { return http::created("webhooks/" + name, told); });
}

void delete_webhook::operator()(session s, http::request r, http::reply answer) const {
  auto const name = std::string(r.param("id"));
  submit_and_reply(
      s,
      [name](transaction& t) {
        require(t.find_record(webhook_collection, name) != nullptr, fault_kind::not_found,
                "there is no webhook " + name);
        t.erase_record(webhook_collection, name);
        t.erase_record(input_source_collection, source_of(name));
      },
      std::move(answer), [](outcome const&) { return http::no_content(); });
}

}  // namespace dos::lorawan

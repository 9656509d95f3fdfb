// CreateObservations: many observations of some datastreams in one request. OGC 18-088, 11.3
#include <algorithm>
#include <array>
#include <memory>

#include "base/fault.h"
#include "kernel/city/city.h"
#include "standard/sensorthings/service.h"

namespace dos::sensorthings {
namespace {

constexpr std::size_t rows_a_write = 20'000;  // more become several writes, one after the other

struct row_group {
  sensorthings::stream stream;
  std::vector<observation_draft> drafts;
  std::vector<std::size_t> places;  // of the drafts in the answer
};

// The answer: a link, or what is wrong, for each row. Links are known when the writes are.
struct data_array {
  std::vector<row_group> groups;
  std::vector<std::string> errors;  // by place; empty: none
  std::vector<std::uint64_t> numbers;
  std::string base;
};

std::uint64_t series_of_body(json::value const& group) {
  auto const* d = group.find("Datastream");
  if (!d) d = group.find("MultiDatastream");
  auto const* const id = d ? d->find("@iot.id") : nullptr;
  require(id && id->is_int() && id->as_int() > 0, fault_kind::invalid,
          "a data array names its Datastream: {\"@iot.id\": …}", "Datastream");
  return std::uint64_t(id->as_int());
}

// What a client says of a stream, checked as far as one can outside the write.
row_group read_group(json::value const& group, session const& who, vocabulary const& words, data_array& all) {
  auto const id = series_of_body(group);
  auto const s = find_committed_stream(who, words, id);
  auto const* const components = group.find("components");
  auto const* const rows = group.find("dataArray");
  require(components && components->is_array() && rows && rows->is_array(), fault_kind::invalid,
          "a data array has components and dataArray", "dataArray");
  auto names = std::vector<std::string>();
  for (auto const& c : components->as_array()) {
    require(c.is_string(), fault_kind::invalid, "components are names of properties", "components");
    names.emplace_back(c.as_string());
    auto probe = observation_draft();
    require(names.back() == "FeatureOfInterest/id" || names.back() == "FeatureOfInterest/@iot.id" ||
                read_member(probe, names.back(), json::value()),
            fault_kind::invalid, "an Observation has no property " + names.back(), "components");
  }
  if (!s) {
    all.errors.insert(all.errors.end(), rows->as_array().size(), "there is no Datastream " + std::to_string(id));
    return {};
  }
  auto const* const units = s->about ? s->about->find("unitOfMeasurements") : nullptr;
  auto const parts = units ? units->as_array().size() : 0;
  auto g = row_group{*s, {}, {}};
  g.drafts.reserve(rows->as_array().size());
  g.places.reserve(rows->as_array().size());
  for (auto const& row : rows->as_array()) {
    auto const place = all.errors.size();
    all.errors.emplace_back();
    try {
      require(row.is_array() && row.as_array().size() == names.size(), fault_kind::invalid,
              "a row has as many values as there are components");
      auto d = observation_draft();
      for (auto k = std::size_t(0); k < names.size(); ++k) {
        auto const& v = row.as_array()[k];
        if (!names[k].starts_with("FeatureOfInterest/")) {
          read_member(d, names[k], v);
        } else if (!v.is_null()) {
          auto const owner = v.is_int() && v.as_int() > 0 ? who.find_series(std::uint64_t(v.as_int())) : std::nullopt;
          require(owner && is_alive(owner->entity) && owner->entity->has_type(words.feature), fault_kind::invalid,
                  "there is no such FeatureOfInterest");
          d.feature = json::object{{"@iot.id", v}};
        }
      }
      require(d.has_result, fault_kind::invalid, "an Observation needs a result");
      require(!units || (d.observation.value.is_array() && d.observation.value.as_array().size() == parts),
              fault_kind::invalid, "the result of this MultiDatastream is a list of " + std::to_string(parts));
      g.drafts.push_back(std::move(d));
      g.places.push_back(place);
    } catch (fault const& f) {
      all.errors[place] = f.detail;
    }
  }
  return g;
}

http::response answer_of(data_array const& all) {
  auto body = std::string("[");
  body.reserve(all.numbers.size() * (all.base.size() + 32));
  for (auto i = std::size_t(0); i < all.numbers.size(); ++i) {
    if (i) body += ',';
    if (!all.numbers[i]) {
      json::write_string(body, "error: " + all.errors[i]);
      continue;
    }
    body += '"';
    body += all.base;
    body += "/Observations(";
    body += std::to_string(all.numbers[i]);
    body += ")\"";
  }
  body += ']';
  return json_response(201, std::move(body));
}

// Rows of a group from `from` on, as many as a write takes.
void write_rows(writer& w, data_array& all, row_group& g, std::size_t from, std::size_t to) {
  auto const first = w.observe(g.stream, {std::make_move_iterator(g.drafts.begin() + std::ptrdiff_t(from)),
                                          std::make_move_iterator(g.drafts.begin() + std::ptrdiff_t(to))});
  for (auto i = from; i < to; ++i) all.numbers[g.places[i]] = first + (i - from);
}

}  // namespace

http::response create_observations(service const& s, session const& who, http::request const& r) {
  require_need(who.who(), need::writer);
  auto const body = parse_body(r);
  require(body.is_array(), fault_kind::invalid, "the body is a list of data arrays");
  auto all = data_array();
  all.base = target_of(s, r).base;
  for (auto const& group : body.as_array()) all.groups.push_back(read_group(group, who, s.words_of(who.city()), all));
  all.numbers.resize(all.errors.size());
  // Slices of all groups, in turn.
  auto slice = std::vector<std::array<std::size_t, 3>>();  // group, from, to
  auto in_slice = std::size_t(0);
  auto const write = [&] {
    if (slice.empty()) return;
    who.apply([&](transaction& t) {
      auto w = writer(t, who, s.words_of(who.city()));
      for (auto const& [group, from, to] : slice) write_rows(w, all, all.groups[group], from, to);
    });
    tell_subscribers(s, who, {});
    slice.clear();
    in_slice = 0;
  };
  for (auto g = std::size_t(0); g < all.groups.size(); ++g) {
    auto const n = all.groups[g].drafts.size();
    for (auto from = std::size_t(0); from < n;) {
      auto const to = std::min(n, from + rows_a_write - in_slice);
      slice.push_back({g, from, to});
      in_slice += to - from;
      from = to;
      if (in_slice == rows_a_write) write();
    }
  }
  write();
  return answer_of(all);
}

}  // namespace dos::sensorthings

// Entities as clients read them, appended to a text.
#pragma once

#include <optional>
#include <string>

#include "standard/sensorthings/lister.h"

namespace dos::sensorthings {

class renderer {
 public:
  // `base`: "https://city.example/v1.1", without slash at the end.
  renderer(std::string base, reader const& r, lister const& l) : base_(std::move(base)), reader_(r), lister_(l) {}

  // `inner`: expanded in another, which has no links of its own unless they are selected.
  void write_entity(std::string& out, item const& i, query_options const& o, bool inner = false) const;
  // {"@iot.count", "@iot.nextLink", "value"}; `path`: of the list, "Things(1)/Datastreams".
  void write_page(std::string& out, page const& p, query_options const& o, std::string_view path) const;
  void write_references(std::string& out, page const& p, query_options const& o, std::string_view path) const;
  std::string next_link(page const& p, query_options const& o, std::string_view path) const;
  std::string self_link(item const& i) const;
  std::string const& base() const { return base_; }

  // resultFormat=dataArray, CSV, GeoJSON.
  void write_data_array(std::string& out, page const& p, query_options const& o, std::string_view path) const;
  void write_csv(std::string& out, page const& p, query_options const& o, kind what) const;
  void write_geojson(std::string& out, page const& p, query_options const& o, std::string_view path) const;

 private:
  void write_whole_observation(std::string& out, item const& i, bool inner) const;
  void write_head(std::string& out, page const& p, query_options const& o, std::string_view path) const;
  void write_expansion(std::string& out, item const& i, expansion const& e) const;
  void write_properties(std::string& out, item const& i, query_options const& o, bool& first) const;
  void write_flat_properties(std::string& out, item const& i, query_options const& o, std::string const& prefix,
                             bool& first) const;
  json::value place_of(item const& i) const;
  // Where the navigation leads; to many: the first that the options ask for.
  std::optional<item> first_of(item const& i, navigation const& n, query_options const& o) const;

  std::string base_;
  reader const& reader_;
  lister const& lister_;
};

std::string address_of(item const& i);         // "Things(1)"
// The value at a path of a property; null where there is none.
json::value value_at(reader const& r, item const& i, std::vector<std::string> const& path);

}  // namespace dos::sensorthings

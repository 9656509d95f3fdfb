#include "geo/geometry.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "geo/projection.h"

namespace dos::geo {
namespace {

geometry shape_of(std::string_view geojson) { return parse_geojson(json::parse(geojson)); }

std::string geometry_refusal(std::string_view geojson) {
  try {
    return "read as " + to_wkt(shape_of(geojson));
  } catch (fault const& f) {
    return f.member + ": " + f.detail;
  }
}

TEST(geometry, every_shape_goes_through_geojson_and_wkt_unchanged) {
  for (
      auto const* const text :
      {R"({"type":"Point","coordinates":[7.5,51.25]})", R"({"type":"Point","coordinates":[7.5,51.25,88.5]})",
       R"({"type":"MultiPoint","coordinates":[[7.5,51.25],[7.75,51.5]]})",
       R"({"type":"LineString","coordinates":[[7.5,51.25],[7.75,51.5]]})",
       R"({"type":"MultiLineString","coordinates":[[[7.5,51.25],[7.75,51.5]],[[1.5,2.5],[3.5,4.5],[5.5,6.5]]]})",
       R"({"type":"Polygon","coordinates":[[[0.5,0.5],[4.5,0.5],[4.5,4.5],[0.5,0.5]],[[2.5,1.5],[3.5,1.5],[3.5,2.25],[2.5,1.5]]]})",
       R"({"type":"MultiPolygon","coordinates":[[[[0.5,0.5],[1.5,0.5],[1.5,1.5],[0.5,0.5]]],[[[5.5,5.5],[6.5,5.5],[6.5,6.5],[5.5,5.5]]]]})",
       R"({"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[7.5,51.25]},)"
        R"({"type":"LineString","coordinates":[[7.5,51.25,1.5],[7.75,51.5,2.5]]}]})"}) {
    auto const g = shape_of(text);
    EXPECT_EQ(text, json::to_string(to_json(g)));
    EXPECT_EQ(g, parse_wkt(to_wkt(g))) << to_wkt(g);
  }
}

TEST(geometry, a_plain_point_costs_32_bytes) { EXPECT_EQ(32u, sizeof(geometry)); }

TEST(geometry, wkt_is_read_in_the_forms_that_people_write) {
  EXPECT_EQ("POINT(7.5 51)", to_wkt(parse_wkt("srid=4326; Point ( 7.5  51 )")));
  EXPECT_EQ("POINT Z (7 51 88)", to_wkt(parse_wkt("POINTZ(7 51 88)")));
  EXPECT_EQ("POINT Z (7 51 88)", to_wkt(parse_wkt("POINT ZM (7 51 88 1)")));
  EXPECT_EQ("POINT(7 51)", to_wkt(parse_wkt("POINT M (7 51 88)")));
  EXPECT_EQ("MULTIPOINT(7 51,8 52)", to_wkt(parse_wkt("MULTIPOINT((7 51),(8 52))")));
  EXPECT_TRUE(parse_wkt("POINT EMPTY").is_empty());
}

TEST(geometry, broken_wkt_is_refused_with_its_character) {
  for (auto const* const text : {"", "POINT", "POINT(7)", "POINT(7 51", "POINT(7,51)", "CIRCLE(7 51)", "POINT(7 51) x",
                                 "POLYGON((7 51,8 51,8 52,7 51)", "LINESTRING(7 51)", "POINT(nan 51)"}) {
    EXPECT_THROW(parse_wkt(text), fault) << text;
  }
  try {
    parse_wkt("POINT(7 x)");
    FAIL();
  } catch (fault const& f) {
    EXPECT_EQ("not well-known text at character 9: expected a number", f.detail);
  }
}

TEST(geometry, what_is_wrong_is_named_by_its_member) {
  struct row {
    char const* geojson;
    char const* refusal;
  };
  for (
      auto const& r :
      {row{R"({"type":"Kreis","coordinates":[7,51]})",
           "type: \"Kreis\" is no type of a GeoJSON geometry; Point and Polygon are, for example"},
       row{R"({"type":"Point"})", "coordinates: the geometry has no coordinates"},
       row{R"({"type":"Point","coordinates":[7]})", "coordinates: a position has a longitude and a latitude"},
       row{R"({"type":"Point","coordinates":["7",51]})", "coordinates[0]: a coordinate has to be a number"},
       row{R"({"type":"Point","coordinates":[[7,51]]})", "coordinates: a position has a longitude and a latitude"},
       row{R"({"type":"Point","coordinates":[51,197]})",
           "coordinates: a latitude (the second number) lies between -90 and 90, this is 197.0"},
       row{R"({"type":"LineString","coordinates":[[7,51]]})",
           "coordinates: a line has at least 2 positions, this one 1"},
       row{R"({"type":"LineString","coordinates":[7,51]})",
           "coordinates[0]: expected an array: a position is [longitude, latitude]"},
       row{R"({"type":"Polygon","coordinates":[[[7,51],[8,51],[8,52],[7,52]]]})",
           "coordinates[0]: a ring ends where it begins; the last position has to be the first again"},
       row{R"({"type":"Polygon","coordinates":[[[7,51],[8,51],[7,51]]]})",
           "coordinates[0]: a ring has at least 4 positions, this one 3"},
       row{R"({"type":"Polygon","coordinates":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]})",
           "coordinates: the polygon is not simple: Self-intersection at 1.000000 1.000000"},
       row{R"({"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[7,51]},{"type":"Point","coordinates":[777,51]}]})",
           "geometries[1].coordinates: a longitude lies between -180 and 180, this is 777.0"},
       row{R"({"type":"MultiPoint","coordinates":[]})", "coordinates: the geometry has no positions"},
       row{"[7,51]", ": a GeoJSON geometry is an object with type and coordinates"}}) {
    EXPECT_EQ(r.refusal, geometry_refusal(r.geojson));
  }
}

TEST(geometry, more_points_or_depth_than_allowed_are_refused) {
  EXPECT_THROW(
      parse_geojson(json::parse(R"({"type":"MultiPoint","coordinates":[[1,1],[2,2],[3,3]]})"), {.points_max = 2}),
      fault);
  auto nested = std::string(R"({"type":"Point","coordinates":[7,51]})");
  for (auto i = 0; i < 6; ++i) nested = R"({"type":"GeometryCollection","geometries":[)" + nested + "]}";
  EXPECT_THROW(shape_of(nested), fault);
}

TEST(geometry, an_edge_over_180_degrees_goes_the_long_way_as_written) {
  auto const g = shape_of(R"({"type":"LineString","coordinates":[[179,0],[-179,0]]})");
  EXPECT_EQ((box{-179, 0, 179, 0}), g.box());
}

TEST(geometry, the_centroid_of_an_area_leaves_its_holes_out) {
  auto const whole = shape_of(R"({"type":"Polygon","coordinates":[[[0,0],[4,0],[4,2],[0,2],[0,0]]]})");
  EXPECT_EQ((position{2, 1}), whole.centroid());
  auto const holed = shape_of(
      R"({"type":"Polygon","coordinates":[[[0,0],[4,0],[4,2],[0,2],[0,0]],[[2,0.5],[2,1.5],[3,1.5],[3,0.5],[2,0.5]]]})");
  EXPECT_NEAR((2 * 8 - 2.5 * 1) / 7, holed.centroid().lon, 1e-12);
  EXPECT_NEAR(1, holed.centroid().lat, 1e-12);
}

TEST(geometry, the_centroid_of_a_line_weighs_length) {
  EXPECT_EQ((position{1.75, 0}), shape_of(R"({"type":"LineString","coordinates":[[0,0],[3,0],[3.5,0]]})").centroid());
}

// Degrees computed by another program from the formulas of the projection (Krüger's series), good to a millimetre.
TEST(projection, utm_coordinates_of_bochum_become_degrees) {
  auto const utm = projection("EPSG:25832");
  auto const p = *utm.find_wgs84({376217, 5705713});
  EXPECT_NEAR(7.21707547, p.lon, 2e-8);
  EXPECT_NEAR(51.48899947, p.lat, 2e-8);
  EXPECT_NEAR(7.12910924, utm.find_wgs84({370036, 5702960})->lon, 2e-8);
  EXPECT_NEAR(51.46287154, utm.find_wgs84({370036, 5702960})->lat, 2e-8);
  auto const back = *utm.find_projected(p);
  EXPECT_NEAR(376217, back.lon, 0.001);
  EXPECT_NEAR(5705713, back.lat, 0.001);
  EXPECT_NEAR(9, utm.find_wgs84({500000, 5700000})->lon, 1e-9);
}

TEST(projection, gauss_krueger_and_mercator_keep_east_before_north) {
  // The same place in all of them.
  auto const place = position{7.2172, 51.4887};
  for (auto const* const crs :
       {"EPSG:31466", "EPSG:31467", "EPSG:25832", "EPSG:25833", "EPSG:3857", "EPSG:4258", "4647"}) {
    SCOPED_TRACE(crs);
    auto const p = projection(crs).find_projected(place);
    ASSERT_TRUE(p);
    auto const back = projection(crs).find_wgs84(*p);
    EXPECT_NEAR(place.lon, back->lon, 1e-7);
    EXPECT_NEAR(place.lat, back->lat, 1e-7);
  }
  auto const gk2 = *projection("EPSG:31466").find_projected(place);
  EXPECT_NEAR(2'584'500, gk2.lon, 500);  // zone 2, its meridian 6° E at 2,500,000
  EXPECT_NEAR(5'706'300, gk2.lat, 500);
}

TEST(projection, names_are_read_in_all_their_forms) {
  for (auto const* const name : {"EPSG:25832", "25832", "urn:ogc:def:crs:EPSG::25832", "epsg:25832",
                                 "http://www.opengis.net/def/crs/EPSG/0/25832"}) {
    EXPECT_EQ(25832, projection(name).epsg()) << name;
  }
  EXPECT_TRUE(projection("urn:ogc:def:crs:OGC:1.3:CRS84").is_wgs84());
  for (auto const* const name : {"", "EPSG:", "EPSG:999999", "Gauss", "EPSG:-1"})
    EXPECT_THROW(projection{name}, fault) << name;
}

TEST(projection, a_shape_is_moved_as_it_is_read) {
  auto const utm = projection("EPSG:25832");
  auto const g = parse_wkt("LINESTRING Z (376217 5705713 90, 376194 5705679 91)", {.crs = &utm});
  EXPECT_NEAR(7.21707547, g.first().lon, 2e-8);
  auto const back = utm.to_projected(g);
  EXPECT_NEAR(376194, back.positions()[1].lon, 0.001);
  EXPECT_EQ(91, back.find_body()->heights[1]);
}

TEST(projection, a_point_outside_of_the_system_is_no_point) {
  EXPECT_FALSE(projection("EPSG:25832").find_wgs84({1e30, 1e30}));
}

}  // namespace
}  // namespace dos::geo

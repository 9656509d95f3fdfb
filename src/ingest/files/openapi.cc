#include "ingest/files/openapi.h"

#include <string>
#include <string_view>

namespace dos::files {
namespace {

// docs/imports.md explains each word.
constexpr auto mapping_text = std::string_view(R"json({
  "type": "object", "additionalProperties": false, "required": ["source", "entity"],
  "description": "How the rows of a file, the features of a GeoJSON document or the records of a JSON answer become entities",
  "properties": {
    "name": {"type": "string"}, "title": {"type": "string"}, "licence": {"type": "string"}, "attribution": {"type": "string"},
    "publisher": {"type": "string"}, "origin": {"type": "string"},
    "source": {"type": "object", "additionalProperties": false, "required": ["format"], "properties": {
      "format": {"enum": ["csv", "geojson", "json", "ndjson"]},
      "encoding": {"enum": ["auto", "utf-8", "utf-16", "utf-16be", "iso-8859-1", "iso-8859-15", "windows-1252"], "default": "auto"},
      "separator": {"type": "string", "description": "one character, tab, space or auto"},
      "quote": {"type": "string", "default": "\"", "description": "one character, or none"},
      "decimal": {"enum": [".", ","], "default": ".", "description": "of numbers written as text; those of JSON are numbers already"},
      "thousands": {"type": "string", "description": "one character, space or none"},
      "records": {"type": "string", "description": "path of the list in a JSON document"},
      "header": {"type": "boolean", "default": true, "description": "false: columns are called 1, 2, 3 …"},
      "ignore_rows": {"type": "array", "items": {"type": "string"}, "description": "rows that begin so"},
      "begins_at": {"oneOf": [{"type": "integer", "minimum": 1}, {"type": "string", "minLength": 1}],
        "description": "where the names of columns stand: the line of the file, or how it begins"},
      "ends_at": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        "description": "the table ends before a row that begins so; an empty text is a blank row"},
      "repeats": {"type": "boolean", "default": false, "description": "further tables follow, each with its names of columns"},
      "skip_rows": {"type": "integer", "minimum": 0, "description": "rows below the names of columns that are no records"},
      "headings": {"type": "object", "additionalProperties": {"type": "string"},
        "description": "field -> how the line above the table begins whose rest is the field"},
      "url": {"type": "string"}, "interval_s": {"type": "integer", "minimum": 10}, "enabled": {"type": "boolean", "default": false}}},
    "time_zone": {"type": "string", "description": "IANA zone of wall clocks"},
    "crs": {"type": "string", "description": "of coordinates; without it GeoJSON may name its own, else EPSG:4326"},
    "provenance": {"$ref": "#/provenance"},
    "parameters": {"type": "array", "items": {"type": "string"}},
    "table": {"type": "object", "additionalProperties": false, "required": ["by", "rows"], "properties": {
      "by": {"type": "string"}, "rows": {"type": "object", "additionalProperties": {"type": "object"}}}},
    "each_column": {"type": "object", "additionalProperties": false, "required": ["name", "value"],
      "description": "several columns (or members) hold the same of several things: each becomes a record of its own", "properties": {
      "name": {"type": "string", "description": "field with the column's name"},
      "value": {"type": "string", "description": "field with what stands there"},
      "of": {"type": "array", "items": {"type": "string"}, "description": "these columns"},
      "but": {"type": "array", "items": {"type": "string"}, "description": "all but these"}}},
    "entity": {"type": "object", "additionalProperties": false, "required": ["type", "id"], "properties": {
      "type": {"type": "string"}, "id": {"type": "string"}, "scope": {"type": "string"}}},
    "history": {"type": "boolean", "default": false, "description": "every record is an observation of its entity"},
    "location": {"oneOf": [{"const": "geometry"}, {"type": "object", "additionalProperties": false, "properties": {
      "attribute": {"type": "string", "default": "location"}, "x": {"type": "string"}, "y": {"type": "string"}, "wkt": {"type": "string"},
      "geojson": {"type": "string"}, "geometry": {"type": "boolean"},
      "bounds": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}}}]},
    "observed_at": {"$ref": "#/time"},
    "attributes": {"type": "array", "items": {"$ref": "#/attribute"}}}
})json");

constexpr auto time_text = std::string_view(R"json({"oneOf": [{"type": "string"},
  {"type": "object", "additionalProperties": false, "properties": {
    "from": {"type": "string"}, "text": {"type": "string", "description": "several columns: {date} {time}"},
    "format": {"type": "string", "default": "ISO"},
    "pivot": {"type": "integer", "minimum": 0, "maximum": 100, "default": 70, "description": "two digits from here on are 19yy"},
    "ends_period_s": {"type": "integer", "minimum": 0}}}]})json");

constexpr auto provenance_text = std::string_view(R"json({"enum": ["measured", "recorded", "simulated", "forecast", "entered"]})json");

constexpr auto value_text = std::string_view(R"json(
    "from": {"type": "string"}, "text": {"type": "string"}, "value": {}, "members": {"type": "object"},
    "as": {"enum": ["text", "number", "boolean", "date", "time"]}, "number": {"type": "boolean"},
    "format": {"type": "string"}, "pivot": {"type": "integer", "minimum": 0, "maximum": 100, "default": 70},
    "split": {"type": "string"}, "part": {"type": "integer"}, "values": {"type": "object"},
    "repairs": {"type": "object", "additionalProperties": {"type": "string"}}, "skip_if": {"type": "array", "items": {"type": "string"}},
    "scale": {"type": "number", "default": 1}, "offset": {"type": "number", "default": 0},
    "min": {"type": "number"}, "max": {"type": "number"})json");

constexpr auto import_text = std::string_view(R"json({"type": "object", "properties": {
  "id": {"type": "string"}, "mapping": {"type": "string"}, "file": {"type": "string"}, "by": {"type": "string"},
  "at": {"type": "string", "format": "date-time"},
  "counts": {"type": "object", "properties": {
    "records": {"type": "integer"}, "entities": {"type": "integer"}, "values": {"type": "integer"},
    "repeated_records": {"type": "integer"}, "repeated_values": {"type": "integer"}, "empty": {"type": "integer"},
    "lost": {"type": "integer", "description": "records of which nothing was taken"},
    "places_lost": {"type": "integer", "description": "records that say where, in a way that could not be taken"},
    "problems": {"type": "integer"}}},
  "stored": {"type": "object", "properties": {
    "entities": {"type": "integer"}, "values": {"type": "integer"}, "repeated": {"type": "integer", "description": "were known"},
    "corrected": {"type": "integer", "description": "in place of another value of the same moment"},
    "refused": {"type": "integer"}, "refusal": {"type": "string"}}},
  "problems": {"type": "array", "items": {"type": "object", "properties": {
    "row": {"type": "integer"}, "line": {"type": "integer"}, "column": {"type": "string"}, "message": {"type": "string"},
    "excerpt": {"type": "string"}, "lost": {"type": "boolean"}}}},
  "drafts": {"type": "array", "description": "of a preview: the first entities", "items": {"type": "object"}}}})json");

void replace_all(std::string& in, std::string_view what, std::string_view by) {
  for (auto at = in.find(what); at != in.npos; at = in.find(what, at + by.size())) in.replace(at, what.size(), by);
}

std::string mapping_schema_text() {
  auto attribute = R"({"type": "object", "additionalProperties": false, "required": ["attribute"], "properties": {
    "attribute": {"type": "string"}, "kind": {"enum": ["property", "relationship", "geo"], "default": "property"},)" +
                   std::string(value_text) + R"(, "unit": {"type": "string", "description": "of UN/CEFACT, UCUM, or a symbol"},
    "unit_from": {"type": "string"}, "observed_at": {"$ref": "#/time"}, "collect": {"type": "boolean"}, "provenance": {"$ref": "#/provenance"}}})";
  auto text = std::string(mapping_text);
  replace_all(text, R"({"$ref": "#/attribute"})", attribute);
  replace_all(text, R"({"$ref": "#/time"})", time_text);
  replace_all(text, R"({"$ref": "#/provenance"})", provenance_text);
  return text;
}

}  // namespace

json::value mapping_schema() { return json::parse(mapping_schema_text()); }

json::value openapi_paths() {
  auto text = std::string(R"json({
  "/{city}/platform/v1/mappings": {"get": {"tags": ["files"], "summary": "Mappings that files can be imported with",
    "parameters": [CITY], "responses": {"200": {"description": "All, without their rules", "content": {"application/json": {"schema":
      {"type": "object", "properties": {"items": {"type": "array", "items": {"type": "object", "properties": {
        "name": {"type": "string"}, "title": {"type": "string"}, "format": {"type": "string"}, "type": {"type": "string"},
        "publisher": {"type": "string"}, "licence": {"type": "string"}, "url": {"type": "string"}, "interval_s": {"type": "integer"},
        "enabled": {"type": "boolean"}, "parameters": {"type": "array", "items": {"type": "string"}}, "built_in": {"type": "boolean"}}}},
        "total": {"type": "integer"}}}}}}, REFUSED}}},
  "/{city}/platform/v1/mappings/{name}": {
    "get": {"tags": ["files"], "summary": "A mapping as it was declared", "parameters": [CITY, NAME],
      "responses": {"200": {"description": "The declaration", "content": {"application/json": {"schema": MAPPING}}}, REFUSED}},
    "put": {"tags": ["files"], "summary": "Declare a mapping; what is not understood is named with its line", "parameters": [CITY, NAME],
      "requestBody": {"required": true, "content": {"application/json": {"schema": MAPPING}, "application/yaml": {"schema": MAPPING}}},
      "responses": {"204": {"description": "Kept"}, REFUSED}},
    "delete": {"tags": ["files"], "summary": "Delete a mapping of the city's own", "parameters": [CITY, NAME],
      "responses": {"204": {"description": "Deleted"}, REFUSED}}},
  "/{city}/platform/v1/imports": {
    "get": {"tags": ["files"], "summary": "The latest imports, without their problems", "parameters": [CITY],
      "responses": {"200": {"description": "The newest first", "content": {"application/json": {"schema": {"type": "object", "properties": {
        "items": {"type": "array", "items": IMPORT}, "total": {"type": "integer"}}}}}}, REFUSED}},
    "post": {"tags": ["files"], "summary": "Import a file, or look at what it would bring", "parameters": [CITY,
        {"name": "mapping", "in": "query", "required": true, "schema": {"type": "string"}},
        {"name": "preview", "in": "query", "description": "true: nothing is written", "schema": {"type": "boolean", "default": false}},
        {"name": "file", "in": "query", "description": "its name, for the report", "schema": {"type": "string"}}],
      "requestBody": {"required": true, "description": "The file", "content": {"text/csv": {"schema": {"type": "string"}},
        "application/json": {"schema": {}}, "application/geo+json": {"schema": {}}}},
      "responses": {"200": {"description": "A preview", "content": {"application/json": {"schema": IMPORT}}},
        "201": {"description": "Imported", "content": {"application/json": {"schema": IMPORT}}}, REFUSED}}},
  "/{city}/platform/v1/imports/{id}": {"get": {"tags": ["files"], "summary": "An import with its problems",
    "parameters": [CITY, {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
    "responses": {"200": {"description": "The report", "content": {"application/json": {"schema": IMPORT}}}, REFUSED}}}
})json");
  replace_all(text, "CITY", R"({"name": "city", "in": "path", "required": true, "schema": {"type": "string"}})");
  replace_all(text, "NAME", R"({"name": "name", "in": "path", "required": true, "schema": {"type": "string"}})");
  replace_all(text, "REFUSED",
              R"("default": {"description": "Refused", "content": {"application/problem+json": {"schema": {"type": "object", "properties": {
      "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"}}}}}})");
  replace_all(text, "MAPPING", mapping_schema_text());
  replace_all(text, "IMPORT", import_text);
  return json::parse(text);
}

}  // namespace dos::files

// What the operator decides: the command line, the configuration file and the city files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "contract/contract.h"
#include "kernel/access/principal.h"

namespace dos::app {

struct options {
  std::string command;            // serve, token, backup, doctor, demo, help
  std::vector<std::string> rest;  // words behind it
  std::string data = "data";
  std::string from, erased;       // of restore-keys: the copy, and the newest list of erasures
  std::string keys;               // folder of keys; empty: DATA.keys
  std::string address = "127.0.0.1";
  int port = 8030;
  std::optional<int> mqtt_port;   // none: as the configuration says
  bool demo = false;
  std::string config;             // file; empty: none
  std::string city;               // `serve`: a city file; elsewhere: a city's id
  std::optional<dos::role> anonymous;
  std::optional<timestamp> test_clock;  // where a clock begins that tests turn
  dos::role role = role::viewer;  // of a token
  std::string name;               // of a token
  std::string brings;             // of a device's token: ids of entities, separated by commas
  std::string subject, organisations, roles;  // of a token; lists separated by commas
  int days = 0;                   // a token's life; 0: for ever
  std::string to;                 // where a backup goes
};
// Fault invalid with the word that was not understood.
options parse_command_line(std::vector<std::string> const& words);
std::string help();

// Everything with its default. An unknown key and a value out of its range are a fault invalid that names them, so that a
// typing error does not go unnoticed.
json::value read_configuration(std::string const& file);

// Checks a city file: id, name, ags, boundary, contact … in the same way.
city_profile read_city(std::string const& file);

// The folder with codecs, contexts, web pages and demo data: beside the program, or where DOS_HOME says.
std::string resources_directory();

}  // namespace dos::app

// What goes wrong in a request, a job or a message: one readable line and a kind that decides the status.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace dos {

enum class fault_kind {
  malformed,            // the bytes are not what they claim to be (JSON, CSV, a number)
  invalid,              // well formed, but against the rules of the standard or the model
  unauthenticated,      // say who you are
  forbidden,            // known, but not entitled
  not_found,            //
  not_allowed,          // the method does not exist on this resource
  conflict,             // it exists already, or the state does not permit it
  precondition_failed,  // If-Match and friends
  not_acceptable,       // no representation the client wants
  unsupported_media,    // a body we do not read
  too_large,            // over a limit that is named in the message
  too_many,             // the caller's queue is full: slow down and retry
  not_supported,        // part of the standard that this server does not offer
  bad_gateway,          // another server failed us
  unavailable,          // we cannot now; retry later
  storage_full,         // the disk is full: reads go on, writes are refused
  internal              // our own promise broken
};

// Thrown to end a request, job or message. Caught at the HTTP edge, the job runner and the ingest loop only.
class fault : public std::exception {
 public:
  fault(fault_kind kind, std::string detail, std::string member = {}, std::string clause = {})
      : kind(kind), detail(std::move(detail)), member(std::move(member)), clause(std::move(clause)) {}

  char const* what() const noexcept override { return detail.c_str(); }

  fault_kind kind;
  std::string detail;  // for the person who can fix it: what was expected and what came
  std::string member;  // the wrong member or parameter, as a path ("temperature.observedAt"), if one is to blame
  std::string clause;  // of the standard, if one decides ("ETSI GS CIM 009, 5.5.4")
};

inline void require(bool condition, fault_kind kind, std::string_view detail, std::string_view member = {}) {
  if (!condition) throw fault(kind, std::string(detail), std::string(member));
}

// A promise of our own. Never reachable by input; ends the program, because continuing would risk the data.
[[noreturn]] void promise_broken(char const* promise, char const* file, int line);
#define DOS_CHECK(promise) ((promise) ? void(0) : ::dos::promise_broken(#promise, __FILE__, __LINE__))

}  // namespace dos

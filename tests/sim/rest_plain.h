/*
 * REST calls without libcurl, for machines that exist only in memory: an engine over our own HTTP
 * client, plain http only, no proxy.
 */
#ifndef TESTS_SIM_REST_PLAIN_H
#define TESTS_SIM_REST_PLAIN_H

#include "net/rest.h"

/* For rest_use_engine(). */
extern const struct rest_engine rest_plain;

#endif

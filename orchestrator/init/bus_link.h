/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/loop.h"
#include "early/proto/bus.h"
#include "helper.h"
#include "manager.h"

/*
 * early-bus as PID 1 sees it: its calls become jobs, scopes and loads of the manager; units and ends of jobs are told to
 * it. It may die at any time: a new one is told all units again, and of the end of each job that still runs.
 */
#define BUS_LINK_MAX_LOADS 64
#define BUS_LINK_MAX_FORWARDS 32

struct bus_link;

struct bus_pending_load {
	struct bus_link *bus; /* NULL: free */
	uint32_t cookie;
	char unit[256];
};

/* A job that early-bus was told of under another unit's name. */
struct bus_forward {
	uint32_t job; /* 0: free */
	char unit[256];
};

struct bus_link {
	struct loop *loop;
	struct manager *manager;
	struct manager_listener listener;
	struct helper helper;
	struct loop_timer retry;
	bool wanted;
	bool ready;
	uint32_t next_scope_job;
	struct bus_pending_load loads[BUS_LINK_MAX_LOADS];
	struct bus_forward forwards[BUS_LINK_MAX_FORWARDS];
	struct bus_forward
		power; /* the job of poweroff.target or its like; it ends when all has stopped */
	void (*on_ready)(struct bus_link *bus);
	/* A session is about to begin in scope @unit of @slice: the screen must be free before this returns. */
	void (*on_session)(struct bus_link *bus, const char *unit, const char *slice);
	/* Is it poweroff.target or its like? */
	bool (*is_power)(const char *unit);
	/* It is to be reached: after its job was told to who asked. */
	void (*on_power)(struct bus_link *bus, const char *unit);
	void (*on_owner)(struct bus_link *bus, const char *name, pid_t pid);
	void *data;
};

/* Callbacks and data are set by the caller before. */
void bus_link_init(struct bus_link *bus, struct loop *loop, struct manager *manager);

/* The message bus is up: early-bus is started, and started again whenever it ends, until bus_link_stop(). */
void bus_link_start(struct bus_link *bus);

/* Takes over an early-bus that runs already. @link_fd is taken over. */
int bus_link_adopt(struct bus_link *bus, pid_t pid, int link_fd);

/* The jobs that early-bus knows by other names, its job for the end of the machine (@power) among them; and one of the program before. */
void bus_link_each_forward(const struct bus_link *bus,
			   void (*fn)(const struct bus_forward *forward, bool power, void *data),
			   void *data);
void bus_link_adopt_forward(struct bus_link *bus, uint32_t job, const char *unit, bool power);

/* The units that early-bus asked early-load for and waits for; and one that it asked the program before for. */
void bus_link_each_load(const struct bus_link *bus,
			void (*fn)(const struct bus_pending_load *load, void *data), void *data);
void bus_link_adopt_load(struct bus_link *bus, uint32_t cookie, const char *unit);

/* All has stopped: the end of the machine's job is told, and early-bus ends. */
void bus_link_stop(struct bus_link *bus);

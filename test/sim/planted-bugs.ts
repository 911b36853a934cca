/**
 * Bugs that this protocol is easily written with. The simulation must find every one of them, or
 * it would not find the next one either. Planted in a copy of the sources, never in the product.
 *
 * Not here:
 * - "plain read before the head": it only widens the window in which the write of somebody who
 *   does not know us is lost, and no outcome tells that loss from the inherent one.
 * - "age by the monotonic and the wall clock before sending": a head carries one moment of ours, so
 *   each clock is planted by itself; the hole, sleeping between the check and the sending, is the
 *   same.
 */
import type { Edit } from "./planted-code.ts";
import { overlayBugs } from "./planted-overlay-bugs.ts";
import { scopeBugs } from "./planted-scope-bugs.ts";
import type { Focus } from "./swarm.ts";

export interface PlantedBug {
	readonly name: string;
	/** Which runs show it. */
	readonly focus: Focus;
	/** It must show in at most so many seeds in a row. */
	readonly seedsMax: number;
	readonly edits: readonly Edit[];
}

const recordLog = "core/log/record-log.ts";
const headFinder = "core/log/head-finder.ts";
const projector = "core/projection/projector.ts";
const schedule = "core/projection/schedule.ts";
const sweeper = "core/retention/sweeper.ts";
const pruner = "core/retention/pruner.ts";
const lockRules = "core/lock/rules.ts";

const edit = (file: string, find: string, replace: string): Edit => ({ file, find, replace });

const noSecondLook = edit(
	schedule,
	"if (await this.#project(id)) this.#lookAgain(id);",
	"await this.#project(id);",
);
const noSweeper = edit(sweeper, "if (isChanged || isFull) schedule.request(unit.id);", "");
const noAgeAfterReply = edit(
	recordLog,
	"if (reply.date - head.confirmedAtStore <= this.#options.headAgeMaxMs) {",
	"if (true) {",
);
const noAgeOfReply = edit(
	headFinder,
	"if (next.date - from.confirmedAtStore > headAgeMaxMs) break;",
	"",
);

export const plantedBugs: readonly PlantedBug[] = [
	{
		name: "a timeout or 5xx is answered as a failure",
		focus: "outcomes",
		seedsMax: 40,
		edits: [edit(recordLog, "if (error.notDone && !mayHaveLanded) {", "if (true) {")],
	},
	{
		name: "a 412 is answered as a conflict without reading back",
		focus: "outcomes",
		seedsMax: 60,
		edits: [
			edit(
				recordLog,
				"\t\t\t\texisted = true;",
				'\t\t\t\tthis.#heads.forget(name);\n\t\t\t\treturn { kind: "conflict" };',
			),
		],
	},
	{
		name: "no nonce in the record",
		focus: "outcomes",
		seedsMax: 40,
		edits: [edit(recordLog, "nonce: randomId(this.#options.random),", 'nonce: "",')],
	},
	{
		name: "a new nonce for each attempt",
		focus: "outcomes",
		seedsMax: 150,
		edits: [
			edit(
				recordLog,
				"const bytes = this.#options.codec.encode(record);",
				"let bytes = this.#options.codec.encode(record);",
			),
			edit(
				recordLog,
				"let existed = false;",
				"let existed = false;\n\t\t\trecord = { ...record, nonce: randomId(this.#options.random) };\n\t\t\tbytes = this.#options.codec.encode(record);",
			),
		],
	},
	{
		name: "a free key after a timeout is answered as a failure",
		focus: "outcomes",
		seedsMax: 80,
		edits: [
			edit(
				recordLog,
				"const isGone = existed && seen !== null;",
				'if (mayHaveLanded && seen !== null) throw unavailable(new StoreError("timeout", ""));\n\t\t\tconst isGone = existed && seen !== null;',
			),
		],
	},
	{
		name: "an answer from a cached head",
		focus: "everything",
		seedsMax: 40,
		edits: [
			edit(recordLog, "if (isFresh) return decision.answer;", "return decision.answer;"),
			edit(
				recordLog,
				"if (isFresh || !(error instanceof DomainError)) throw error;",
				"throw error;",
			),
		],
	},
	{
		name: "a read from a cached head",
		focus: "everything",
		seedsMax: 40,
		edits: [
			edit(
				"core/state/service.ts",
				"const head = await this.#head(id);\n\t\t\tif (head.record === null) return await this.#readPlain",
				"const head = this.#deps.log.lastSeen(id) ?? (await this.#head(id));\n\t\t\tif (head.record === null) return await this.#readPlain",
			),
		],
	},
	{
		name: "a listing is taken as the truth",
		focus: "outcomes",
		seedsMax: 100,
		edits: [edit(headFinder, "if (!after.found) return head;", "return head;")],
	},
	{
		name: "the body after the record",
		focus: "everything",
		seedsMax: 40,
		edits: [
			edit(
				"core/state/body-store.ts",
				"await this.#store.put(key, bytes);",
				"void this.#store.put(key, bytes).catch(() => undefined);",
			),
		],
	},
	{
		name: "orphans are collected without grace",
		focus: "pruning",
		seedsMax: 40,
		edits: [
			edit(pruner, "!kept.has(blob.key) && isOld(blob)", "!kept.has(blob.key)"),
			edit(pruner, "generation === null || generation > settled", "generation === null"),
		],
	},
	{
		name: "orphans are judged by their age alone",
		focus: "sleepers",
		seedsMax: 1000,
		edits: [edit(pruner, "generation === null || generation > settled", "generation === null")],
	},
	{
		name: "projection: the plain PUT and nothing else",
		focus: "projection",
		seedsMax: 60,
		edits: [
			edit(projector, "attempt < limits.projectionAttemptsMax", "attempt < 1"),
			noSecondLook,
			noSweeper,
		],
	},
	{
		name: "projection: re-checked at once and never again",
		focus: "projection",
		seedsMax: 100,
		edits: [noSecondLook, noSweeper],
	},
	{
		name: "projection: a second look and no sweeper",
		focus: "projection",
		seedsMax: 200,
		edits: [noSweeper],
	},
	{
		name: "any difference is taken for somebody else's write",
		focus: "projection",
		seedsMax: 40,
		edits: [
			edit(
				projector,
				'return isOurs ? { kind: "ours" } : { kind: "unknown", sizeBytes: plain.size };',
				'return { kind: "unknown", sizeBytes: plain.size };',
			),
			edit(projector, "if (!isKnown) {", "if (true) {"),
		],
	},
	{
		name: "repair without classification",
		focus: "projection",
		seedsMax: 40,
		edits: [edit(projector, 'if (plain.kind === "unknown") {', "if (false) {")],
	},
	{
		name: "the projection before the record",
		focus: "everything",
		seedsMax: 60,
		edits: [
			edit(
				"core/state/writer.ts",
				"\t\ttry {\n\t\t\tconst written = await this.#deps.log.act",
				"\t\tif (input.body instanceof Uint8Array) await this.#deps.store.put(stateKeyOfUnit(id), input.body).catch(() => undefined);\n\t\ttry {\n\t\t\tconst written = await this.#deps.log.act",
			),
		],
	},
	{
		name: "the lock is decided by the plain lock object",
		focus: "everything",
		seedsMax: 40,
		edits: [
			edit(
				"core/lock/service.ts",
				"return await log.act(grant, id, (state, generation) => {",
				"const plain = await (this.#deps as any).store.get(`${id}/terraform.tfstate.lock`).catch(() => ({ found: true }));\n\t\t\treturn await log.act(grant, id, (state, generation) => {",
			),
			edit(
				"core/lock/service.ts",
				"const decided = decideLock(base, info.ID, caller);",
				'const decided = plain.found ? decideLock(base, info.ID, caller) : "take";',
			),
		],
	},
	{
		name: "records are pruned without grace",
		focus: "pruning",
		seedsMax: 40,
		edits: [edit(pruner, "if (head.confirmedAtStore - blob.modified <= graceMs) break;", "")],
	},
	{
		name: "grace, but a cached head of any age is built on",
		focus: "pruning",
		seedsMax: 200,
		edits: [
			noAgeAfterReply,
			noAgeOfReply,
			edit(
				headFinder,
				"this.#options.clock.monotonic() - cached.confirmedFrom < this.#options.headAgeMaxMs;",
				"true;",
			),
			edit(
				headFinder,
				"return age < this.#options.headAgeMaxMs - this.#options.actDeadlineMs ? cached : undefined;",
				"return age < Number.POSITIVE_INFINITY ? cached : undefined;",
			),
		],
	},
	{
		name: "the head's age is judged by the monotonic clock before sending",
		focus: "pruning",
		seedsMax: 400,
		edits: [noAgeAfterReply, noAgeOfReply],
	},
	{
		name: "the head's age is judged by the wall clock before sending",
		focus: "pruning",
		seedsMax: 1000,
		edits: [
			noAgeAfterReply,
			noAgeOfReply,
			edit(
				headFinder,
				"return { at: this.#options.clock.monotonic(), order: this.#moments };",
				"return { at: this.#options.clock.now(), order: this.#moments };",
			),
			edit(
				headFinder,
				"this.#options.clock.monotonic() - cached.confirmedFrom < this.#options.headAgeMaxMs;",
				"this.#options.clock.now() - cached.confirmedFrom < this.#options.headAgeMaxMs;",
			),
			edit(
				headFinder,
				"const age = this.#options.clock.monotonic() - cached.confirmedFrom;",
				"const age = this.#options.clock.now() - cached.confirmedFrom;",
			),
		],
	},
	{
		name: "one's own nonce at the key is a success at any age",
		focus: "pruning",
		seedsMax: 400,
		edits: [noAgeAfterReply],
	},
	{
		name: "the successor of a head is believed at any age",
		focus: "pruning",
		seedsMax: 400,
		edits: [noAgeOfReply],
	},
	{
		name: "delete removes the log",
		focus: "everything",
		seedsMax: 100,
		edits: [
			edit(
				"core/unit/service.ts",
				"state: deleted(living, at),\n\t\t\t\tresult: () => undefined,",
				'state: deleted(living, at),\n\t\t\t\tresult: () => void (async () => {\n\t\t\t\t\tconst page = await this.#deps.store.list({ prefix: `__opentaco/log/${id.replaceAll("/", "__")}/`, limit: 1000 });\n\t\t\t\t\tfor (const blob of page.blobs) await this.#deps.store.delete(blob.key);\n\t\t\t\t})().catch(() => undefined),',
			),
		],
	},
	{
		name: "a lock id that is claimed and not held is accepted",
		focus: "everything",
		seedsMax: 100,
		edits: [
			edit(lockRules, "\t\tif (lockId === null) return;\n\t\tthrow", "\t\treturn;\n\t\tthrow"),
		],
	},
	{
		name: "no memory of released lock ids",
		focus: "everything",
		seedsMax: 60,
		edits: [
			edit(
				"core/unit/changes.ts",
				"const released = [...state.released, state.lock.info.ID].slice(-limits.releasedLocksKept);",
				"const released: string[] = [];",
			),
		],
	},
	{
		name: "the serial is not checked",
		focus: "everything",
		seedsMax: 60,
		edits: [edit("core/state/rules.ts", "if (current === undefined) return null;", "return null;")],
	},
	{
		name: "restore refers to the old body",
		focus: "everything",
		seedsMax: 300,
		edits: [
			edit(
				"core/state/restore.ts",
				"const body = await storeRestored(deps, id, head.generation + 1, source, plan.serial);",
				"const body = { key: source.body, generation: head.generation + 1, facts: { ...source } } as any;",
			),
		],
	},
	{
		name: "a read falls back to the plain object",
		focus: "outcomes",
		seedsMax: 100,
		edits: [
			edit(
				"core/state/service.ts",
				"const head = await this.#head(id);\n\t\t\tif (head.record === null) return await this.#readPlain",
				"const head = await this.#head(id).catch(() => null);\n\t\t\tif (head === null || head.record === null) return await this.#readPlain",
			),
		],
	},
	{
		name: "adoption refers to the plain object",
		focus: "adoption",
		seedsMax: 40,
		edits: [
			edit(
				"core/adoption/adopt.ts",
				"if (body !== null) stored.push({ body, source });",
				"if (body !== null) stored.push({ body: { ...body, key: source.key }, source });",
			),
		],
	},
	{
		name: "over S3 any lock counts as the login's own",
		focus: "calm",
		seedsMax: 60,
		edits: [edit(lockRules, "if (lock === null || isOfLogin(lock, caller)) return;", "return;")],
	},
	{
		name: "over S3 a lock of another surface counts as the login's own",
		focus: "everything",
		seedsMax: 200,
		edits: [edit(lockRules, "lock.surface === caller.surface &&", "true &&")],
	},
	{
		name: "servers do not tell each other what changed",
		focus: "calm",
		seedsMax: 20,
		edits: [edit("core/core.ts", "publishing.request();", "")],
	},
	...overlayBugs,
	...scopeBugs,
];

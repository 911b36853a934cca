/**
 * A page of the trail, newest first: the logs are merged by the times that the servers noted. What
 * one log says after another keeps its order whatever the clocks said.
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { AuditEvent } from "./event.ts";
import { type AuditFilter, isWanted } from "./filter.ts";
import { readWhatThereIs, type TrailRecord, type TrailSource } from "./source.ts";

/** A place in the merged trail. Later pages hold what is older. */
interface Place {
	readonly time: string;
	readonly source: string;
	readonly generation: number;
	/** Within the record. */
	readonly index: number;
}

interface Item extends Place {
	/** null: nothing is known below this place yet, and nothing more may be read. */
	readonly event: AuditEvent | null;
}

/** Where a page ended: the last place, and what is next in the logs that were being read. */
interface Cursor {
	readonly place: Place;
	readonly resumes: Readonly<Record<string, Resume>>;
}

/** The next item of a log. */
type Resume = readonly [generation: number, index: number, time: string];

export interface EventPage {
	readonly events: readonly AuditEvent[];
	/** Present when there may be more. */
	readonly next?: string;
}

/** Of how many logs a cursor says where they go on; the rest is found by time. */
const resumesMax = 64;

/** How many records above the place that the clocks point at are looked at. */
const aboveMax = 8;

/** How many records one query may still read. */
class Budget {
	#left = limits.auditReadsMax;

	get isSpent(): boolean {
		return this.#left <= 0;
	}

	take(count: number): void {
		this.#left -= count;
	}
}

/**
 * Reads a page. A page may be short, even empty, and still have a next one: one query reads a
 * bounded number of records. Fails with `invalid_request` on a bad cursor, and with StoreError.
 */
export async function readPage(
	sources: readonly TrailSource[],
	filter: AuditFilter,
	limit: number,
	cursor: string | undefined,
): Promise<EventPage> {
	const from = cursor === undefined ? startOf(filter) : parseCursor(cursor);
	const readers = await openable(sources, filter, from);
	const active: Reader[] = [];
	const events: AuditEvent[] = [];
	const budget = readers.budget;
	let last: Place | null = null;
	for (;;) {
		await openNext(readers.closed, active);
		const reader = newestOf(active);
		if (reader === undefined) return { events };
		const item = reader.head as Item;
		if (filter.since !== undefined && item.time < filter.since) return { events };
		if (item.event === null) return { events, next: cursorOf(item, active) };
		if (events.length === limit || (budget.isSpent && last !== null)) {
			return { events, next: cursorOf(last ?? item, active) };
		}
		last = item;
		if (isWanted(item.event, filter)) events.push(item.event);
		await reader.advance();
		if (reader.head === null) active.splice(active.indexOf(reader), 1);
	}
}

/** Before everything that the filter can want. */
function startOf(filter: AuditFilter): Cursor | null {
	if (filter.until === undefined) return null;
	const end = { time: filter.until, source: "", generation: Number.MAX_SAFE_INTEGER, index: -1 };
	return { place: end, resumes: {} };
}

/** The readers that may have something, those with the newest first; unknown ones are looked at. */
async function openable(
	sources: readonly TrailSource[],
	filter: AuditFilter,
	from: Cursor | null,
): Promise<{ readonly closed: Reader[]; readonly budget: Budget }> {
	const budget = new Budget();
	const readers = sources
		.filter(({ changed }) => {
			return filter.since === undefined || changed === null || changed >= filter.since;
		})
		.map((source) => new Reader(source, from, budget));
	const unknown = readers.filter((reader) => reader.bound === null);
	await inBatches(unknown, (reader) => reader.open());
	const closed = readers
		.filter((reader) => !reader.isOpen || reader.head !== null)
		.sort((one, other) => (boundOf(one) < boundOf(other) ? 1 : -1));
	return { closed, budget };
}

function boundOf(reader: Reader): string {
	return reader.head?.time ?? reader.bound ?? "";
}

/** Opens readers until none that is closed can be newer than what is open. */
async function openNext(closed: Reader[], active: Reader[]): Promise<void> {
	for (;;) {
		const newest = newestOf(active)?.head?.time;
		const bound = closed[0] === undefined ? undefined : boundOf(closed[0]);
		if (bound === undefined || (newest !== undefined && bound < newest)) return;
		const batch = closed.splice(0, limits.auditReadsAtOnce);
		await inBatches(batch, (reader) => reader.open());
		active.push(...batch.filter((reader) => reader.head !== null));
	}
}

function newestOf(active: readonly Reader[]): Reader | undefined {
	let newest: Reader | undefined;
	for (const reader of active) {
		if (newest === undefined || isBefore(reader.head as Item, newest.head as Item)) newest = reader;
	}
	return newest;
}

/** Newer first; what is equally new by the name of its log, then by its place there. */
function isBefore(one: Place, other: Place): boolean {
	if (one.time !== other.time) return one.time > other.time;
	if (one.source !== other.source) return one.source < other.source;
	if (one.generation !== other.generation) return one.generation > other.generation;
	return one.index < other.index;
}

async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
	for (let at = 0; at < items.length; at += limits.auditReadsAtOnce) {
		await Promise.all(items.slice(at, at + limits.auditReadsAtOnce).map(work));
	}
}

/** Walks one log down from a place. */
class Reader {
	readonly #source: TrailSource;
	readonly #from: Place | null;
	readonly #resume: Resume | null;
	readonly #budget: Budget;
	#items: Item[] = [];
	#next = 0;
	#chunk = 1;
	#latest = "\uffff";
	isOpen = false;

	constructor(source: TrailSource, from: Cursor | null, budget: Budget) {
		this.#source = source;
		this.#from = from?.place ?? null;
		const resumes = from?.resumes ?? {};
		this.#resume = Object.hasOwn(resumes, source.name) ? (resumes[source.name] ?? null) : null;
		this.#budget = budget;
	}

	get name(): string {
		return this.#source.name;
	}

	/** Nothing in it is newer; null when that is not known. */
	get bound(): string | null {
		if (this.#resume !== null) return this.#resume[2];
		const { changed } = this.#source;
		if (changed === null || this.#from === null) return changed;
		if (changed < this.#from.time) return changed;
		return this.#from.time;
	}

	/** The newest item that is left. */
	get head(): Item | null {
		return this.#items[0] ?? null;
	}

	/** Goes to the place. */
	async open(): Promise<void> {
		if (this.isOpen) return;
		this.isOpen = true;
		if (this.#resume !== null) {
			[this.#next, , this.#latest] = this.#resume;
		} else {
			const newest = await this.#source.newest();
			this.#next = this.#from === null ? newest : await this.#find(this.#from, newest);
		}
		await this.#fill();
	}

	/** Drops the head. */
	async advance(): Promise<void> {
		this.#items.shift();
		await this.#fill();
	}

	async #fill(): Promise<void> {
		while (this.#items.length === 0 && this.#next > 0) {
			if (this.#budget.isSpent) {
				this.#items.push(this.#item(this.#next, -1, null));
				return;
			}
			const count = Math.min(this.#chunk, this.#next);
			this.#chunk = Math.min(this.#chunk * 2, limits.auditReadsAtOnce);
			const first = this.#next;
			this.#next -= count;
			const records = await Promise.all(
				Array.from({ length: count }, (_, i) => this.#read(first - i)),
			);
			for (const [i, record] of records.entries()) {
				if (record !== null) this.#take(record);
				// Below a gap that retention made only the first record is left.
				else if (first - i > 1 && records.slice(i).every((one) => one === null)) this.#next = 0;
			}
		}
	}

	async #read(generation: number): Promise<TrailRecord | null> {
		this.#budget.take(1);
		return await readWhatThereIs(this.#source, generation);
	}

	#take(record: TrailRecord): void {
		if (record.events.length === 0) this.#pass(record.time);
		for (const [index, event] of record.events.entries()) {
			this.#pass(event.time);
			const item = this.#item(record.generation, index, event);
			if (this.#isLeft(item)) this.#items.push(item);
		}
	}

	/** Whether no page before had it. */
	#isLeft(item: Item): boolean {
		if (this.#resume !== null) {
			return item.generation !== this.#resume[0] || item.index >= this.#resume[1];
		}
		return this.#from === null || isBefore(this.#from, item);
	}

	/** What one log says later never counts as older than what it says earlier. */
	#pass(time: string): void {
		if (time < this.#latest) this.#latest = time;
	}

	#item(generation: number, index: number, event: AuditEvent | null): Item {
		return { time: this.#latest, source: this.#source.name, generation, index, event };
	}

	/** The newest generation that can hold something after the place: found by halving. */
	async #find(from: Place, newest: number): Promise<number> {
		if (from.source === this.#source.name) return Math.min(from.generation, newest);
		let [low, high] = [0, newest];
		while (low < high) {
			const middle = Math.ceil((low + high) / 2);
			const record = await this.#read(middle);
			if (record === null || record.time <= from.time) low = middle;
			else high = middle - 1;
		}
		// Clocks of servers disagree, and a chain's record is younger than its entries.
		const above = Math.min(aboveMax, newest - low);
		const records = await Promise.all(
			Array.from({ length: above }, (_, i) => this.#read(low + 1 + i)),
		);
		const found = records.findLast((record) => record !== null && record.time <= from.time);
		return Math.min((found?.generation ?? low) + 1, newest);
	}
}

function cursorOf(place: Place, active: readonly Reader[]): string {
	const { time, source, generation, index } = place;
	const newest = active
		.flatMap(({ name, head }) => (head === null ? [] : [{ name, head }]))
		.sort((one, other) => (isBefore(one.head, other.head) ? -1 : 1))
		.slice(0, resumesMax);
	const resumes = newest.map(({ name, head }) => [name, head.generation, head.index, head.time]);
	const parts = [[time, source, generation, index], ...resumes];
	return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

function parseCursor(text: string): Cursor {
	try {
		const [place, ...resumes] = JSON.parse(
			Buffer.from(text, "base64url").toString("utf8"),
		) as unknown[][];
		const [time, source, generation, index] = place ?? [];
		if (isText(time) && isText(source) && isNumber(generation) && isNumber(index)) {
			return {
				place: { time, source, generation, index },
				resumes: Object.fromEntries(resumes.map(parseResume)),
			};
		}
	} catch {
		// Falls through to the refusal.
	}
	throw badCursor();
}

function parseResume([name, generation, index, time]: unknown[]): [string, Resume] {
	if (isText(name) && isNumber(generation) && isNumber(index) && isText(time)) {
		return [name, [generation, index, time]];
	}
	throw badCursor();
}

function isText(value: unknown): value is string {
	return typeof value === "string";
}

function isNumber(value: unknown): value is number {
	return Number.isSafeInteger(value);
}

function badCursor(): DomainError {
	return new DomainError("invalid_request", "the cursor is not one of this server's", {
		hint: "pass `next` of the page before, unchanged",
	});
}

/**
 * Makes the index of a state while its bytes pass by, in memory that does not grow with the state:
 * the scanner says where things stand, and only the texts that the index holds are kept.
 */
import { limits } from "../limits.ts";
import { JsonScanner } from "../state/json-scanner.ts";
import type { JsonKind, MemberReader } from "../state/member-reader.ts";
import { Captures } from "./captures.ts";
import type { ResourceList, StateIndex } from "./index-facts.ts";
import { OutputCollector } from "./output-collector.ts";
import { ResourceCollector } from "./resource-collector.ts";
import { TextPool } from "./text-pool.ts";

/** Everything that one pass over a state finds. */
export interface ScannedState {
	readonly index: StateIndex;
	readonly resources: ResourceList;
}

/** What a container of the state is, on the way down to where the texts are. */
type Place =
	| "state"
	| "outputs"
	| "output"
	| "resources"
	| "resource"
	| "instances"
	| "instance"
	| "captured"
	| "other";

class StateContentReader implements MemberReader {
	/** state, resources, resource, instances, instance. */
	readonly depthShown = 5;
	readonly keyBytesMax = limits.indexedNameBytesMax;
	readonly captures = new Captures();
	readonly outputs = new OutputCollector(this.captures);
	readonly #texts = new TextPool();
	readonly resources = new ResourceCollector(this.captures, this.#texts);
	readonly #places: Place[] = ["state"];
	/** The member's key; null for an element of an array, and for a key that is too long. */
	#key: string | null = null;

	get #place(): Place {
		return this.#places.at(-1) ?? "other";
	}

	key(raw: Uint8Array | null, offset: number): number {
		this.#key = raw === null ? null : this.#texts.of(raw);
		const place = this.#place;
		if (place === "output") this.outputs.key(this.#key, offset);
		return place === "resource" || place === "instance" ? limits.indexedNameBytesMax : 0;
	}

	element(): number {
		this.#key = null;
		return 0;
	}

	value(kind: JsonKind, raw: Uint8Array | null, start: number, end: number): void {
		const isContainer = kind === "object" || kind === "array";
		const place = this.#valueAt(this.#place, kind, raw, start, isContainer ? null : end);
		if (isContainer) this.#places.push(place);
	}

	/** Takes the value in; gives what its inside is. */
	#valueAt(
		place: Place,
		kind: JsonKind,
		raw: Uint8Array | null,
		start: number,
		end: number | null,
	): Place {
		const key = this.#key;
		if (place === "state") {
			if (key === "outputs" && kind === "object") return "outputs";
			return key === "resources" && kind === "array" ? "resources" : "other";
		}
		if (place === "outputs") {
			if (kind !== "object") return "other";
			this.outputs.begin(key);
			return "output";
		}
		if (place === "output") return this.outputs.member(start, end) ? "captured" : "other";
		if (place === "resources" && kind === "object") {
			this.resources.begin();
			return "resource";
		}
		if (place === "resource") {
			if (key === "instances" && kind === "array") return "instances";
			this.resources.member(key, kind, raw);
		}
		if (place === "instances" && kind === "object") {
			this.resources.beginInstance();
			return "instance";
		}
		if (place === "instance") {
			return this.resources.instanceMember(key, kind, raw, start) ? "captured" : "other";
		}
		return "other";
	}

	end(offset: number): void {
		const ended = this.#places.pop();
		if (ended === "output") this.outputs.end();
		else if (ended === "instance") this.resources.endInstance();
		else if (ended === "resource") this.resources.end();
		else if (ended === "captured" && this.#place === "output") this.outputs.endMember(offset);
		else if (ended === "captured") this.resources.endInstanceMember(offset);
	}
}

/** Reads what the index needs while a state's bytes pass by. */
export class IndexScanner {
	readonly #reader = new StateContentReader();
	readonly #json = new JsonScanner(this.#reader);

	/** The next bytes. @throws DomainError `invalid_state`. */
	push(chunk: Uint8Array): void {
		const base = this.#json.offset;
		this.#json.push(chunk);
		this.#reader.captures.take(chunk, base);
	}

	/** Ends the state. @throws DomainError `invalid_state`. */
	finish(): ScannedState {
		this.#json.finish();
		const { outputs, resources } = this.#reader;
		const found = outputs.finish();
		const { readings, areReadingsCut } = resources.finishReadings();
		return {
			index: {
				outputs: found.outputs,
				readings,
				resourceCount: resources.managedCount,
				isOpaque: false,
				isTruncated: found.isCut || areReadingsCut,
				isMissingOutputs: found.isCut,
			},
			resources: resources.finishResources(),
		};
	}
}

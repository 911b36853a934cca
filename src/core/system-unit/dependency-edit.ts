/**
 * Writes live values into the computed attributes of `opentaco_dependency` instances of a state.
 * Pure and exact to the byte: what is replaced are those values, every other byte stays as it was,
 * so that Terraform finds the state that it wrote. Attributes that the state lacks are not added:
 * the provider fills them in when it next reads the resource.
 */
import { JsonCursor } from "../state/json-cursor.ts";
import type { ByteRange } from "../state/tfstate.ts";

/** What an instance declares: one edge. */
export interface DeclaredDependency {
	readonly fromUnitId: string;
	readonly fromOutput: string;
	readonly toUnitId: string;
	/** Empty when the configuration gives none. */
	readonly toInput: string;
}

/** What the server knows of an edge; times in RFC 3339, UTC. */
export interface DependencyValues {
	readonly inDigest: string | null;
	readonly outDigest: string | null;
	readonly status: "ok" | "pending" | "unknown";
	readonly lastInAt: string | null;
	readonly lastOutAt: string | null;
}

/** What stands in the state; null for what is null, missing or no text. */
export type ShownValues = { readonly [K in keyof DependencyValues]: string | null };

/** The values of an edge; undefined leaves the instance as it is. */
export type ValuesOf = (
	edge: DeclaredDependency,
	shown: ShownValues,
) => DependencyValues | undefined;

export interface EditedState {
	/** The very bytes that were given when nothing differs. */
	readonly bytes: Uint8Array;
	/** Edges whose values are others than before. */
	readonly changed: readonly DeclaredDependency[];
}

interface Replacement extends ByteRange {
	readonly text: string;
}

const resourceType = "opentaco_dependency";

/** `provider["registry.terraform.io/digger/opentaco"]`, in a module and under an alias too. */
const ourProvider =
	/^(?:module\..+\.)?provider\["registry\.(?:terraform\.io|opentofu\.org)\/(?:digger|opentaco)\/opentaco"\](?:\.[^.[\]"]+)?$/;

/** Whether a resource with this `provider` in a state belongs to this product's provider. */
export function isOurProvider(address: string): boolean {
	return ourProvider.test(address);
}

/** An instance in a state, with where its computed attributes stand. */
export interface FoundDependency {
	readonly edge: DeclaredDependency;
	readonly shown: ShownValues;
	readonly places: { readonly [K in keyof DependencyValues]?: Place };
}

interface Place extends ByteRange {
	/** As it is written, when it is no string. */
	readonly literal: string | null;
}

type Members = ReadonlyMap<string, ByteRange>;

/** The instances in a state that `checkState` has passed. */
export function findDependencies(state: Uint8Array): FoundDependency[] {
	const reader = new StateReader(state);
	return reader.attributes().flatMap((attributes) => {
		const members = reader.membersAt(attributes);
		const edge = members === null ? null : declaredIn(reader, members);
		if (members === null || edge === null) return [];
		return [{ edge, ...computedIn(reader, members) }];
	});
}

/** The state with the values of its edges, which `findDependencies` has found in it. */
export function withDependencyValues(
	state: Uint8Array,
	found: readonly FoundDependency[],
	valuesOf: ValuesOf,
): EditedState {
	const changed: DeclaredDependency[] = [];
	const replacements: Replacement[] = [];
	for (const { edge, shown, places } of found) {
		const values = valuesOf(edge, shown);
		const own = values === undefined ? [] : replacementsFor(places, shown, values);
		if (own.length > 0) changed.push(edge);
		replacements.push(...own);
	}
	return { bytes: replaced(state, replacements), changed };
}

/** Finds things in the bytes of a state. */
class StateReader {
	readonly #cursor: JsonCursor;

	constructor(state: Uint8Array) {
		this.#cursor = new JsonCursor(state);
	}

	/** Where the attributes of the instances stand, in order. */
	attributes(): ByteRange[] {
		const found: ByteRange[] = [];
		const resources = this.membersAt({ start: 0, end: 0 })?.get("resources");
		for (const resource of this.#elementsAt(resources)) {
			const members = this.membersAt(resource);
			if (members === null || this.stringAt(members.get("type")) !== resourceType) continue;
			if (this.stringAt(members.get("mode")) !== "managed") continue;
			if (!isOurProvider(this.stringAt(members.get("provider")) ?? "")) continue;
			for (const instance of this.#elementsAt(members.get("instances"))) {
				const fields = this.membersAt(instance);
				// A deposed object is what a replacement has yet to destroy: no edge any more.
				if (fields === null || fields.has("deposed")) continue;
				const attributes = fields.get("attributes");
				if (attributes !== undefined) found.push(attributes);
			}
		}
		return found;
	}

	/** The members of an object; null for another value, and for an object that names one twice. */
	membersAt({ start }: ByteRange): Members | null {
		const cursor = this.#cursor.goTo(start);
		if (!cursor.isObject) return null;
		const members = new Map<string, ByteRange>();
		let count = 0;
		cursor.object((key) => {
			members.set(key, cursor.skip());
			count++;
		});
		return members.size === count ? members : null;
	}

	stringAt(at: ByteRange | undefined): string | undefined {
		return at !== undefined && this.#cursor.isString(at) ? this.#cursor.string(at) : undefined;
	}

	literalAt(at: ByteRange): string | null {
		return this.#cursor.isString(at) ? null : this.#cursor.text(at);
	}

	#elementsAt(at: ByteRange | undefined): ByteRange[] {
		if (at === undefined) return [];
		const cursor = this.#cursor.goTo(at.start);
		const elements: ByteRange[] = [];
		if (cursor.isArray) cursor.array(() => elements.push(cursor.skip()));
		return elements;
	}
}

function declaredIn(reader: StateReader, members: Members): DeclaredDependency | null {
	const text = (name: string) => reader.stringAt(members.get(name));
	const [fromUnitId, fromOutput, toUnitId] = [
		text("from_unit_id"),
		text("from_output"),
		text("to_unit_id"),
	];
	if (fromUnitId === undefined || fromOutput === undefined || toUnitId === undefined) return null;
	return { fromUnitId, fromOutput, toUnitId, toInput: text("to_input") ?? "" };
}

const attributeNames = {
	inDigest: "in_digest",
	outDigest: "out_digest",
	status: "status",
	lastInAt: "last_in_at",
	lastOutAt: "last_out_at",
} as const;

const valueNames = Object.keys(attributeNames) as (keyof typeof attributeNames)[];

function computedIn(
	reader: StateReader,
	members: Members,
): Pick<FoundDependency, "shown" | "places"> {
	const shown: Partial<Record<keyof DependencyValues, string | null>> = {};
	const places: Partial<Record<keyof DependencyValues, Place>> = {};
	for (const name of valueNames) {
		const at = members.get(attributeNames[name]);
		shown[name] = reader.stringAt(at) ?? null;
		if (at !== undefined) places[name] = { ...at, literal: reader.literalAt(at) };
	}
	return { shown: shown as ShownValues, places };
}

function replacementsFor(
	places: FoundDependency["places"],
	shown: ShownValues,
	values: DependencyValues,
): Replacement[] {
	return valueNames.flatMap((name) => {
		const value = values[name];
		const place = places[name];
		if (place === undefined) return [];
		// The same value stays as it is, however it is spelled.
		const isWritten = value === null ? place.literal === "null" : shown[name] === value;
		const { start, end } = place;
		return isWritten ? [] : [{ start, end, text: JSON.stringify(value) }];
	});
}

function replaced(bytes: Uint8Array, replacements: readonly Replacement[]): Uint8Array {
	if (replacements.length === 0) return bytes;
	const pieces: Uint8Array[] = [];
	let from = 0;
	for (const { start, end, text } of replacements.toSorted((a, b) => a.start - b.start)) {
		pieces.push(bytes.subarray(from, start), Buffer.from(text));
		from = end;
	}
	pieces.push(bytes.subarray(from));
	return new Uint8Array(Buffer.concat(pieces));
}

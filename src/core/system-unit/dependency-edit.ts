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

/** The state with the values of its edges. `state` must be one that `checkState` has passed. */
export function withDependencyValues(state: Uint8Array, valuesOf: ValuesOf): EditedState {
	const replacements: Replacement[] = [];
	const changed: DeclaredDependency[] = [];
	for (const attributes of dependencyAttributes(state)) {
		const members = membersAt(state, attributes);
		const edge = members === null ? null : declaredIn(state, members);
		if (members === null || edge === null) continue;
		const values = valuesOf(edge, shownIn(state, members));
		const own = values === undefined ? [] : replacementsFor(state, members, values);
		if (own.length > 0) changed.push(edge);
		replacements.push(...own);
	}
	return { bytes: replaced(state, replacements), changed };
}

/** Where the attributes of the instances stand, in order. */
function dependencyAttributes(state: Uint8Array): ByteRange[] {
	const found: ByteRange[] = [];
	const resources = membersAt(state, { start: 0, end: state.length })?.get("resources");
	for (const resource of elementsAt(state, resources)) {
		const members = membersAt(state, resource);
		if (members === null || textAt(state, members.get("type")) !== resourceType) continue;
		if (textAt(state, members.get("mode")) !== "managed") continue;
		if (!isOurProvider(textAt(state, members.get("provider")) ?? "")) continue;
		for (const instance of elementsAt(state, members.get("instances"))) {
			const fields = membersAt(state, instance);
			// A deposed object is what a replacement has yet to destroy: no edge any more.
			if (fields === null || fields.has("deposed")) continue;
			const attributes = fields.get("attributes");
			if (attributes !== undefined) found.push(attributes);
		}
	}
	return found;
}

/** The members of an object; null for another value, and for an object that names one twice. */
function membersAt(bytes: Uint8Array, at: ByteRange): ReadonlyMap<string, ByteRange> | null {
	const cursor = new JsonCursor(bytes, at.start);
	if (!cursor.isObject) return null;
	const members = new Map<string, ByteRange>();
	let count = 0;
	cursor.object((key) => {
		members.set(key, cursor.skip());
		count++;
	});
	return members.size === count ? members : null;
}

function elementsAt(bytes: Uint8Array, at: ByteRange | undefined): ByteRange[] {
	if (at === undefined) return [];
	const cursor = new JsonCursor(bytes, at.start);
	const elements: ByteRange[] = [];
	if (cursor.isArray) cursor.array(() => elements.push(cursor.skip()));
	return elements;
}

function textAt(bytes: Uint8Array, at: ByteRange | undefined): string | undefined {
	if (at === undefined || bytes[at.start] !== 0x22) return undefined;
	return JSON.parse(new JsonCursor(bytes).text(at)) as string;
}

function declaredIn(
	bytes: Uint8Array,
	members: ReadonlyMap<string, ByteRange>,
): DeclaredDependency | null {
	const [fromUnitId, fromOutput, toUnitId, toInput] = [
		"from_unit_id",
		"from_output",
		"to_unit_id",
		"to_input",
	].map((name) => textAt(bytes, members.get(name)));
	if (fromUnitId === undefined || fromOutput === undefined || toUnitId === undefined) return null;
	return { fromUnitId, fromOutput, toUnitId, toInput: toInput ?? "" };
}

const attributeNames = {
	inDigest: "in_digest",
	outDigest: "out_digest",
	status: "status",
	lastInAt: "last_in_at",
	lastOutAt: "last_out_at",
} as const;

const valueNames = Object.keys(attributeNames) as (keyof typeof attributeNames)[];

function shownIn(bytes: Uint8Array, members: ReadonlyMap<string, ByteRange>): ShownValues {
	const shown = valueNames.map((name) => [
		name,
		textAt(bytes, members.get(attributeNames[name])) ?? null,
	]);
	return Object.fromEntries(shown) as ShownValues;
}

function replacementsFor(
	bytes: Uint8Array,
	members: ReadonlyMap<string, ByteRange>,
	values: DependencyValues,
): Replacement[] {
	return valueNames.flatMap((name) => {
		const value = values[name];
		const at = members.get(attributeNames[name]);
		if (at === undefined || isWritten(bytes, at, value)) return [];
		return [{ ...at, text: JSON.stringify(value) }];
	});
}

/** Whether the value stands there already, however it is spelled. */
function isWritten(bytes: Uint8Array, at: ByteRange, value: string | null): boolean {
	return value === null ? new JsonCursor(bytes).text(at) === "null" : textAt(bytes, at) === value;
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

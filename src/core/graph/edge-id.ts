/** What names an edge, as the first OpenTaco computed it, and how it wrote the ids of units. */
import { base58 } from "../../lib/base58.ts";
import { isDomainError } from "../errors.ts";
import { decodeUnitSegment, parseUnitId, type UnitId } from "../unit/unit-id.ts";

/** An output of one unit that is an input of another. */
export interface EdgeEnds {
	readonly from: string;
	readonly output: string;
	readonly to: string;
	/** What the using unit calls it; empty when nobody has said. */
	readonly input: string;
}

/** The edge's id: base58 of the SHA-256 over the four, a line each. */
export function edgeId({ from, output, to, input }: EdgeEnds): string {
	const hasher = new Bun.CryptoHasher("sha256");
	hasher.update([from, output, to, input].join("\n"));
	return base58(hasher.digest());
}

const stateSuffix = "/terraform.tfstate";
/** A unit's id with what may stand around it; trimming takes the square of it. */
const declaredCharactersMax = 1024;

/**
 * The unit that a declaration names: without spaces and slashes around it, without the name of the
 * state file at its end. null for what can name no unit.
 */
export function declaredUnit(text: string): UnitId | null {
	if (text.length > declaredCharactersMax) return null;
	const trim = (given: string) => given.replace(/^[\s/]+|[\s/]+$/g, "");
	let id = trim(text);
	if (id.endsWith(stateSuffix)) id = trim(id.slice(0, -stateSuffix.length));
	return unitOrNull(() => (id.includes("/") ? parseUnitId(id) : decodeUnitSegment(id)));
}

/** The id, or null where the grammar refuses it. */
export function unitOrNull(parse: () => UnitId): UnitId | null {
	try {
		return parse();
	} catch (error) {
		if (isDomainError(error, "invalid_unit_id")) return null;
		throw error;
	}
}

/** The edges that people declare: `opentaco_dependency` instances in the system unit's state. */
import { type ExactObject, parseExactJson } from "../../lib/exact-json.ts";
import { limits } from "../limits.ts";
import type { Reading, StateIndex } from "../state-index/index-facts.ts";
import type { UnitId } from "../unit/unit-id.ts";
import { declaredUnit, edgeId } from "./edge-id.ts";
import { membersOf, textIn } from "./reading-source.ts";

/** Where a resource instance stands in its state. */
export interface InstanceAddress {
	readonly module: string | null;
	readonly name: string;
	readonly indexKey: string | number | null;
}

/** A declared edge as it was written. */
export interface Declaration {
	readonly address: InstanceAddress;
	/** Over the attributes as they stand in the state, so that it is the provider's. */
	readonly edgeId: string;
	readonly from: UnitId;
	readonly output: string;
	readonly to: UnitId;
	readonly input: string;
}

/** An instance that declares nothing, and why. */
export interface FaultyDeclaration {
	readonly address: InstanceAddress;
	readonly fault: string;
}

export interface Declarations {
	readonly edges: readonly Declaration[];
	readonly faulty: readonly FaultyDeclaration[];
	/** A bound has cut the state's list of them. */
	readonly isTruncated: boolean;
}

export const noDeclarations: Declarations = { edges: [], faulty: [], isTruncated: false };

/** Reads the declarations. Total: what cannot be understood is named among the faulty ones. */
export function declarationsOf(index: StateIndex): Declarations {
	const edges: Declaration[] = [];
	const faulty: FaultyDeclaration[] = [];
	for (const reading of index.readings) {
		if (reading.mode !== "managed" || reading.type !== "opentaco_dependency") continue;
		const read = declarationOf(reading);
		if ("fault" in read) faulty.push(read);
		else edges.push(read);
	}
	return { edges, faulty, isTruncated: index.isTruncated };
}

function declarationOf(reading: Reading): Declaration | FaultyDeclaration {
	const { module, name, indexKey } = reading;
	const address = { module, name, indexKey };
	const attributes = attributesOf(reading);
	const [from, output, to] = [
		textIn(attributes, "from_unit_id"),
		textIn(attributes, "from_output"),
		textIn(attributes, "to_unit_id"),
	];
	const input = textIn(attributes, "to_input") ?? "";
	if (from === null) return { address, fault: "from_unit_id is missing" };
	if (output === null) return { address, fault: "from_output is missing" };
	if (to === null) return { address, fault: "to_unit_id is missing" };
	const [fromUnit, toUnit] = [declaredUnit(from), declaredUnit(to)];
	if (fromUnit === null) return { address, fault: "from_unit_id is no unit id" };
	if (toUnit === null) return { address, fault: "to_unit_id is no unit id" };
	if (fromUnit === toUnit) return { address, fault: "the unit would depend on itself" };
	const id = edgeId({ from, output, to, input });
	return { address, edgeId: id, from: fromUnit, output, to: toUnit, input };
}

/** The attributes of an instance; none where they are no object. */
export function attributesOf(reading: Reading): ExactObject {
	try {
		return membersOf(parseExactJson(reading.attributesText, limits.jsonDepthMax));
	} catch {
		return new Map();
	}
}

/** `module.a.opentaco_dependency.vpc["x"]`, as Terraform writes it. */
export function addressText({ module, name, indexKey }: InstanceAddress): string {
	const index =
		indexKey === null
			? ""
			: `[${typeof indexKey === "string" ? JSON.stringify(indexKey) : indexKey}]`;
	return `${module === null ? "" : `${module}.`}opentaco_dependency.${name}${index}`;
}

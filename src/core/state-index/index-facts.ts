/** What is known of a state's content without reading it again. */
import type { Version } from "../unit/record.ts";

export interface IndexedOutput {
	readonly name: string;
	/** The JSON text of the value, as it stands in the state. */
	readonly valueText: string;
	/** The JSON text of Terraform's notation of the type; null when the state has none. */
	readonly typeText: string | null;
	readonly isSensitive: boolean;
}

/** An instance of what reads other units' outputs, or declares that something does. */
export interface Reading {
	readonly mode: string;
	readonly type: string;
	readonly name: string;
	/** `module.a.module.b["x"]`; null in the root module. */
	readonly module: string | null;
	readonly indexKey: string | number | null;
	/** The JSON text of the attributes, as it stands in the state. */
	readonly attributesText: string;
}

/** Immutable, as the state is. */
export interface StateIndex {
	/** In order of their names. */
	readonly outputs: readonly IndexedOutput[];
	/** In the order of the state. */
	readonly readings: readonly Reading[];
	/** Objects that Terraform manages, deposed ones too; data sources are none. */
	readonly resourceCount: number;
	/** Nothing inside can be read: OpenTofu encrypted it, or it is no state. */
	readonly isOpaque: boolean;
	/** A bound has cut outputs or readings: what is not here may be in the state all the same. */
	readonly isTruncated: boolean;
	/** A bound has cut outputs. */
	readonly isMissingOutputs: boolean;
}

export interface IndexedResource {
	/** `module.a.aws_vpc.main["x"]`, as Terraform writes it. */
	readonly address: string;
	readonly mode: string;
	readonly type: string;
	readonly name: string;
	readonly module: string | null;
	/** `provider["registry.terraform.io/hashicorp/aws"]`, as it stands in the state. */
	readonly provider: string;
	readonly indexKey: string | number | null;
}

export interface ResourceList {
	/** In the order of the state, without deposed instances. */
	readonly resources: readonly IndexedResource[];
	readonly isTruncated: boolean;
}

/** What identifies the bytes that an index is made of. */
export type IndexedVersion = Pick<Version, "sha256" | "sizeBytes" | "body" | "encrypted">;

/** The index of what cannot be looked into. */
export const opaqueIndex: StateIndex = {
	outputs: [],
	readings: [],
	resourceCount: 0,
	isOpaque: true,
	isTruncated: false,
	isMissingOutputs: false,
};

/** What reads outputs of other units, and the declarations of it, as `mode.type`. */
const readingTypes: ReadonlySet<string> = new Set([
	"data.terraform_remote_state",
	"data.tfe_outputs",
	"data.opentaco_outputs",
	"managed.opentaco_dependency",
]);

/** Whether instances of this are readings; `null` for what is not known yet counts as yes. */
export function mayBeReading(mode: string | null, type: string | null): boolean {
	return mode === null || type === null || readingTypes.has(`${mode}.${type}`);
}

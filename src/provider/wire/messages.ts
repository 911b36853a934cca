/** The messages of plugin protocol 6 that this provider reads and writes: field numbers and types. */
import type { Message } from "./protobuf.ts";

const text = <N extends number>(number: N) => ({ number, type: "string" }) as const;
const bytes = <N extends number>(number: N) => ({ number, type: "bytes" }) as const;
const bool = <N extends number>(number: N) => ({ number, type: "bool" }) as const;
const int = <N extends number>(number: N) => ({ number, type: "int" }) as const;
const one = <M extends Message>(number: number, type: M) => ({ number, type }) as const;
const many = <M extends Message>(number: number, type: M) =>
	({ number, type, repeated: true }) as const;
const byName = <M extends Message>(number: number, type: M) =>
	({ number, type, map: true }) as const;

export const DynamicValue = { msgpack: bytes(1), json: bytes(2) };
const RawState = { json: bytes(1) };
const Timestamp = { seconds: int(1), nanos: int(2) };

const PathStep = {
	attributeName: { ...text(1), oneOf: true },
	elementKeyString: { ...text(2), oneOf: true },
	elementKeyInt: { ...int(3), oneOf: true },
} as const;
export const AttributePath = { steps: many(1, PathStep) };

export const severities = { error: 1, warning: 2 } as const;
export const Diagnostic = {
	severity: int(1),
	summary: text(2),
	detail: text(3),
	attribute: one(4, AttributePath),
};
const diagnostics = <N extends number>(number: N) => many(number, Diagnostic);

/** How the attributes of an attribute are nested in it: ours are one object. */
export const nestings = { single: 1 } as const;
/** The kind of our descriptions. */
export const markdown = 1;

const attributeFields = {
	name: text(1),
	type: bytes(2),
	description: text(3),
	required: bool(4),
	optional: bool(5),
	computed: bool(6),
	sensitive: bool(7),
	descriptionKind: int(8),
	writeOnly: bool(11),
};
/** Ours nest once. */
const NestedType = { attributes: many(1, attributeFields), nesting: int(3) };
export const SchemaAttribute = { ...attributeFields, nestedType: one(10, NestedType) };
const SchemaBlock = {
	version: int(1),
	attributes: many(2, SchemaAttribute),
	description: text(4),
	descriptionKind: int(5),
};
export const Schema = { version: int(1), block: one(2, SchemaBlock) };

const Capabilities = { planDestroy: bool(1), getProviderSchemaOptional: bool(2) };
const TypeName = { typeName: text(1) };

export const Empty = {};

export const GetMetadata = {
	serverCapabilities: one(1, Capabilities),
	diagnostics: diagnostics(2),
	dataSources: many(3, TypeName),
	resources: many(4, TypeName),
	ephemeralResources: many(6, TypeName),
};
export const GetProviderSchema = {
	provider: one(1, Schema),
	resourceSchemas: byName(2, Schema),
	dataSourceSchemas: byName(3, Schema),
	diagnostics: diagnostics(4),
	serverCapabilities: one(6, Capabilities),
	ephemeralResourceSchemas: byName(8, Schema),
};

export const ProviderConfigRequest = { config: one(1, DynamicValue) };
export const ValidateProviderConfigResponse = { diagnostics: diagnostics(2) };
export const ConfigureRequest = { terraformVersion: text(1), config: one(2, DynamicValue) };

/** Request of validating a type's configuration, and of reading and opening. */
export const TypedConfig = { typeName: text(1), config: one(2, DynamicValue) };
const ClientCapabilities = { writeOnlyAttributesAllowed: bool(2) };
export const ValidateResourceRequest = {
	...TypedConfig,
	clientCapabilities: one(3, ClientCapabilities),
};
/** Response that only says what is wrong. */
export const DiagnosticsResponse = { diagnostics: diagnostics(1) };

export const UpgradeRequest = { typeName: text(1), version: int(2), rawState: one(3, RawState) };
export const UpgradeResponse = {
	upgradedState: one(1, DynamicValue),
	diagnostics: diagnostics(2),
};
export const ReadRequest = {
	typeName: text(1),
	currentState: one(2, DynamicValue),
	private: bytes(3),
};
export const ReadResponse = {
	newState: one(1, DynamicValue),
	diagnostics: diagnostics(2),
	private: bytes(3),
};
export const PlanRequest = {
	typeName: text(1),
	priorState: one(2, DynamicValue),
	proposedNewState: one(3, DynamicValue),
	config: one(4, DynamicValue),
	priorPrivate: bytes(5),
};
export const PlanResponse = {
	plannedState: one(1, DynamicValue),
	requiresReplace: many(2, AttributePath),
	plannedPrivate: bytes(3),
	diagnostics: diagnostics(4),
};
export const ApplyRequest = {
	typeName: text(1),
	priorState: one(2, DynamicValue),
	plannedState: one(3, DynamicValue),
	config: one(4, DynamicValue),
	plannedPrivate: bytes(5),
};
export const ApplyResponse = {
	newState: one(1, DynamicValue),
	private: bytes(2),
	diagnostics: diagnostics(3),
};
export const ImportRequest = { typeName: text(1), id: text(2) };
const Imported = { typeName: text(1), state: one(2, DynamicValue) };
export const ImportResponse = {
	importedResources: many(1, Imported),
	diagnostics: diagnostics(2),
};
export const ReadDataResponse = { state: one(1, DynamicValue), diagnostics: diagnostics(2) };
export const OpenResponse = {
	diagnostics: diagnostics(1),
	renewAt: one(2, Timestamp),
	result: one(3, DynamicValue),
	private: bytes(4),
};
export const RenewResponse = {
	diagnostics: diagnostics(1),
	renewAt: one(2, Timestamp),
	private: bytes(3),
};
export const CloseRequest = { typeName: text(1), private: bytes(2) };

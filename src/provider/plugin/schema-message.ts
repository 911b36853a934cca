/** Declarations as the protocol's schema messages. */
import { markdown, nestings, type SchemaAttribute } from "../wire/messages.ts";
import type { Encodable } from "../wire/protobuf.ts";
import { isComputed } from "./change.ts";
import type { Attribute, Attributes } from "./schema.ts";

export const capabilities = { planDestroy: true, getProviderSchemaOptional: true };

/** No attribute of ours has changed its meaning yet. */
const schemaVersion = 0;

type EncodableAttribute = Encodable<typeof SchemaAttribute>;

function encodableAttributes(attributes: Attributes): EncodableAttribute[] {
	return Object.entries(attributes).map(([name, attribute]) => ({
		name,
		...typeOf(attribute),
		description: attribute.description,
		descriptionKind: markdown,
		required: attribute.mode === "required",
		optional: attribute.mode === "optional" || attribute.mode === "optional-computed",
		computed: isComputed(attribute),
		sensitive: attribute.sensitive === true,
		writeOnly: attribute.writeOnly === true,
	}));
}

function typeOf({ type, nested }: Attribute): EncodableAttribute {
	return nested === undefined
		? { type: Buffer.from(JSON.stringify(type)) }
		: { nestedType: { attributes: encodableAttributes(nested), nesting: nestings.single } };
}

export function encodableSchema(type: { attributes: Attributes; description: string }) {
	const attributes = encodableAttributes(type.attributes);
	const { description } = type;
	return {
		version: schemaVersion,
		block: { version: schemaVersion, attributes, description, descriptionKind: markdown },
	};
}

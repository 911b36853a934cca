/** The error body of every `/v1` route. */
import { type Static, Type } from "@sinclair/typebox";
import { LockView } from "./units.ts";

export const ErrorBody = Type.Object(
	{
		error: Type.String({ description: "Stable code, e.g. `unit_not_found`" }),
		message: Type.String({ description: "What happened" }),
		hint: Type.String({ description: "What to do next; may be empty" }),
		request_id: Type.String({ description: "The id under which the server's log has it" }),
		lock: Type.Optional(LockView),
	},
	{ $id: "Error" },
);
export type ErrorBody = Static<typeof ErrorBody>;

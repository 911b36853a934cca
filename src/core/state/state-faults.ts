/** How a body that is no state is refused: in plain words, with the place, without its content. */
import { DomainError } from "../errors.ts";

const whatToSend =
	'send the state exactly as Terraform or OpenTofu wrote it ("terraform state pull" prints it)';

/** A refusal of the body; `what` is public and holds nothing of the content. */
export function invalidState(what: string, hint = whatToSend): DomainError {
	return new DomainError("invalid_state", what, { hint });
}

/** A refusal for what breaks RFC 8259 at the byte `offset`. */
export function malformed(what: string, offset: number): DomainError {
	return invalidState(`the state is not valid JSON: ${what} at byte ${offset}`);
}

/** A refusal for a body whose first byte that is no white space, `byte`, starts no JSON object. */
export function notAState(byte: number, offset: number): DomainError {
	if (byte === 0x3c) {
		return invalidState(
			`the body is not a state: it looks like an HTML or XML page, from byte ${offset} on`,
			"a proxy or a login page may have answered in the state's place: look into the file that is sent",
		);
	}
	if (byte === 0xef) {
		return invalidState(
			`the state does not start with JSON (perhaps with a byte order mark) at byte ${offset}`,
			"save the state as UTF-8 without a byte order mark",
		);
	}
	return invalidState(`the body is not a state: no JSON object starts at byte ${offset}`);
}

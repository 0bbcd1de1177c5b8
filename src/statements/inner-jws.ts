import { type JsonObject, parseJson, requireObject } from '../core/json.ts'
import { type CompactJws, parseHeader, type ProtectedHeader, splitJws } from '../core/jws.ts'

/** A JWS that a statement carries within: what somebody else signed, or another key. */
export interface InnerJws {
  readonly jws: CompactJws
  readonly header: ProtectedHeader
  readonly payload: JsonObject
}

/**
 * Takes apart a JWS within a statement; its signature is still to be verified. `what` names it in messages. Throws the codes of
 * splitJws, parseHeader and parseJson.
 */
export function openInnerJws(text: string, typ: string, what: string): InnerJws {
  const jws = splitJws(text, what)
  const header = parseHeader(jws.header, typ, what)
  return { jws, header, payload: requireObject(parseJson(jws.payload, what), what) }
}

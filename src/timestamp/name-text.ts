import {
  type AsnType,
  BmpString,
  IA5String,
  NumericString,
  ObjectIdentifier,
  PrintableString,
  TeletexString,
  UniversalString,
  Utf8String,
} from 'asn1js'
import { fromUtf8, latin1 } from '../core/bytes.ts'
import { fields, malformed, parseDer } from './der.ts'

/** Types of the parts of a name, as OpenSSL writes them. */
const shortNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'street',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'title',
  '2.5.4.13': 'description',
  '2.5.4.15': 'businessCategory',
  '2.5.4.16': 'postalAddress',
  '2.5.4.17': 'postalCode',
  '2.5.4.42': 'GN',
  '2.5.4.43': 'initials',
  '2.5.4.45': 'x500UniqueIdentifier',
  '2.5.4.46': 'dnQualifier',
  '2.5.4.65': 'pseudonym',
  '2.5.4.97': 'organizationIdentifier',
  '1.2.840.113549.1.9.1': 'emailAddress',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.3.6.1.4.1.311.60.2.1.1': 'jurisdictionL',
  '1.3.6.1.4.1.311.60.2.1.2': 'jurisdictionST',
  '1.3.6.1.4.1.311.60.2.1.3': 'jurisdictionC',
}
const maxNameBytes = 16 * 1024

/**
 * A name (RFC 5280, section 4.1.2.4) for people, in its own order: `CN=…, O=…`. What could be taken for the end of a part is escaped as RFC 2253 does, and so are
 * control characters. Throws `time-stamp-malformed` for text that is none.
 */
export function nameText(der: Uint8Array): string {
  return fields(parseDer(der, 'name', maxNameBytes))
    .map((set) => fields(set).map(partText).join(' + '))
    .join(', ')
}

function partText(pair: AsnType): string {
  const [type, value] = fields(pair)
  const oid = type instanceof ObjectIdentifier ? type.valueBlock.toString() : ''
  const name = Object.hasOwn(shortNames, oid) ? shortNames[oid] : oid
  return `${name}=${escaped(valueText(value))}`
}

/** The text of a string, of the types that a name may have. */
function valueText(value: AsnType | undefined): string {
  const bytes = (value as (AsnType & { valueBlock: { valueHexView?: Uint8Array } }) | undefined)?.valueBlock
    .valueHexView
  if (bytes === undefined) throw malformed('name', 'has a part that is no text')
  if (value instanceof Utf8String) return utf8Text(bytes)
  if (value instanceof BmpString) return unitsOf(bytes, 2)
  if (value instanceof UniversalString) return unitsOf(bytes, 4)
  const isAscii = [PrintableString, IA5String, NumericString].some((kind) => value instanceof kind)
  if (!isAscii && !(value instanceof TeletexString)) throw malformed('name', 'has a part that is no text')
  if (isAscii && bytes.some((byte) => byte >= 0x80)) throw malformed('name', 'has a character beyond its type')
  return latin1(bytes)
}

function utf8Text(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes, 'name')
  } catch (cause) {
    throw malformed('name', 'has a text that is not UTF-8', cause)
  }
}

function unitsOf(bytes: Uint8Array, width: 2 | 4): string {
  let text = ''
  if (bytes.length % width !== 0) throw malformed('name', 'has a text that is cut off')
  for (let at = 0; at < bytes.length; at += width)
    text += String.fromCodePoint(bytes.subarray(at, at + width).reduce((sum, byte) => sum * 256 + byte, 0))
  return text
}

function escaped(text: string): string {
  return text
    .replaceAll(/[,+"\\<>;]|^[ #]| $/g, (one) => `\\${one}`)
    .replaceAll(/\p{Cc}/gu, (one) => `\\${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

// A client as light as an HTTP/1.1 client can be: the load generator has a core in common with the server that it measures.
import { connect } from 'node:net'

const headEnd = Buffer.from('\r\n\r\n')
/** One for all connections: what a read leaves there is used, or copied, before the next read. */
const buffer = Buffer.allocUnsafe(64 * 1024)

/** The bytes of a request, to be sent as often as one likes. */
export function requestBytes(url, method, path, type, body) {
  const content = body === undefined ? '' : `content-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: ${new URL(url).host}\r\n${content}\r\n${body ?? ''}`)
}

/** One kept connection, one request at a time; answers must carry Content-Length, as all of ours do. */
export class Wire {
  constructor(url) {
    const { hostname, port } = new URL(url)
    this.chunks = []
    this.length = 0
    this.wanted = undefined
    const callback = (length, bytes) => {
      this.take(bytes.subarray(0, length))
      return true
    }
    // Without a buffer of its own each read costs an allocation and the machinery of a stream.
    this.socket = connect({ host: hostname, port: Number(port), noDelay: true, onread: { buffer, callback } })
    this.socket.on('error', (error) => this.fail(error))
    this.socket.on('close', () => this.fail(new Error('the server closed a connection')))
  }

  /** Sends {@link requestBytes}; resolves with the status and the body's bytes, which are of use until the next read of any connection. */
  request(bytes) {
    return new Promise((resolve, reject) => {
      this.pending = { resolve, reject }
      this.socket.write(bytes)
    })
  }

  /** Gathers an answer; `wanted` is its whole length once its head has come. */
  take(chunk) {
    const isFirst = this.chunks.length === 0
    this.length += chunk.length
    if (isFirst && this.readHead(chunk) && this.length >= this.wanted) return this.done(chunk)
    this.chunks.push(Buffer.from(chunk))
    if (this.wanted === undefined && !this.readHead(this.joined())) return
    if (this.length >= this.wanted) this.done(this.joined())
  }

  /** False until the whole head is there. */
  readHead(bytes) {
    if (this.wanted !== undefined) return true
    const end = bytes.indexOf(headEnd)
    if (end < 0) return false
    const head = bytes.latin1Slice(0, end)
    const length = /\r\ncontent-length: (\d+)/i.exec(head)
    if (length === null) {
      this.fail(new Error(`an answer without Content-Length: ${head}`))
      return false
    }
    this.status = Number(head.slice(9, 12))
    this.bodyAt = end + 4
    this.wanted = this.bodyAt + Number(length[1])
    return true
  }

  done(bytes) {
    const body = bytes.subarray(this.bodyAt, this.wanted)
    const { resolve } = this.pending
    this.pending = undefined
    this.chunks = []
    this.length = 0
    this.wanted = undefined
    resolve({ status: this.status, body })
  }

  joined() {
    if (this.chunks.length > 1) this.chunks = [Buffer.concat(this.chunks)]
    return this.chunks[0]
  }

  fail(error) {
    this.pending?.reject(error)
    this.pending = undefined
  }

  close() {
    this.socket.removeAllListeners('close')
    this.socket.destroy()
  }
}

// A client as light as an HTTP/1.1 client can be: the load generator has a core in common with the server that it measures.
import { connect } from 'node:net'

const headEnd = Buffer.from('\r\n\r\n')

/** One kept connection, one request at a time; answers must carry Content-Length, as all of ours do. */
export class Wire {
  constructor(url) {
    const { hostname, port, host } = new URL(url)
    this.host = host
    this.chunks = []
    this.length = 0
    this.wanted = undefined
    this.socket = connect({ host: hostname, port: Number(port), noDelay: true })
    this.socket.on('data', (chunk) => this.take(chunk))
    this.socket.on('error', (error) => this.fail(error))
    this.socket.on('close', () => this.fail(new Error('the server closed a connection')))
  }

  request(method, path, type, body) {
    const content = body === undefined ? '' : `content-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
    return new Promise((resolve, reject) => {
      this.pending = { resolve, reject }
      this.socket.write(`${method} ${path} HTTP/1.1\r\nhost: ${this.host}\r\n${content}\r\n${body ?? ''}`)
    })
  }

  /** Gathers an answer; `wanted` is its whole length once its head has come. */
  take(chunk) {
    this.chunks.push(chunk)
    this.length += chunk.length
    if (this.wanted === undefined) {
      const bytes = this.joined()
      const end = bytes.indexOf(headEnd)
      if (end < 0) return
      const head = bytes.latin1Slice(0, end)
      const length = /\r\ncontent-length: (\d+)/i.exec(head)
      if (length === null) return this.fail(new Error(`an answer without Content-Length: ${head}`))
      this.status = Number(head.slice(9, 12))
      this.bodyAt = end + 4
      this.wanted = this.bodyAt + Number(length[1])
    }
    if (this.length < this.wanted) return
    const text = this.joined().utf8Slice(this.bodyAt, this.wanted)
    const { resolve } = this.pending
    this.pending = undefined
    this.chunks = []
    this.length = 0
    this.wanted = undefined
    resolve({ status: this.status, text })
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

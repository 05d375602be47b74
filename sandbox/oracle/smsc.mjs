// npm smpp as the carrier of a client: it prints the address where it listens, then
// one line of JSON for each message as it has read it. The last two digits of the
// number say how it answers.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const smpp = require("smpp");
const print = (value) => console.log(JSON.stringify(value));

let ids = 0;
const server = smpp.createServer({}, (session) => {
  session.on("error", () => {});
  for (const kind of ["bind_transceiver", "bind_transmitter", "bind_receiver"]) {
    session.on(kind, (pdu) => {
      const old = process.argv[2] === "old" && kind === "bind_transceiver";
      const wrong = pdu.system_id !== "tester" || pdu.password !== "s3cret-p";
      session.send(pdu.response({ command_status: old ? smpp.ESME_RINVCMDID : wrong ? smpp.ESME_RINVPASWD : 0, system_id: "npm" }));
      print({ kind, version: pdu.interface_version });
    });
  }
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    print({ kind: "unbind" });
    session.send(pdu.response());
  });
  session.on("deliver_sm_resp", (pdu) => print({ kind: "deliver_sm_resp", status: pdu.command_status }));
  session.on("submit_sm", (pdu) => {
    const text = pdu.short_message.message || pdu.message_payload?.message || pdu.message_payload || "";
    print({
      kind: "submit_sm", from: pdu.source_addr, ton: pdu.source_addr_ton, to: pdu.destination_addr, coding: pdu.data_coding, esm: pdu.esm_class,
      text: text.toString(), udh: pdu.short_message.udh?.map((e) => Buffer.from(e).toString("hex")),
      sar: [pdu.sar_msg_ref_num !== undefined, pdu.sar_total_segments, pdu.sar_segment_seqnum], validity: pdu.validity_period || undefined, registered: pdu.registered_delivery,
    });
    const id = (0x1a2b3c00 + ids++).toString(16).toUpperCase();
    switch (pdu.destination_addr.slice(-2)) {
      case "58": return session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
      case "11": return session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
      case "99": return session.socket.destroy();
    }
    session.send(pdu.response({ message_id: id }));
    session.deliver_sm({ // before the client has read the answer, perhaps
      source_addr_ton: 1, source_addr_npi: 1, source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4,
      short_message: `id:${parseInt(id, 16)} sub:001 dlvrd:001 submit date:2611290640 done date:2611290641 stat:DELIVRD err:000 text:`,
    });
  });
});
server.listen(0, "127.0.0.1", () => print({ kind: "listening", address: `127.0.0.1:${server.address().port}` }));

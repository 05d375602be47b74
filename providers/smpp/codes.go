package smpp

import (
	"slices"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// Codes returns what each command_status of SMPP 3.4 means here, and the states of
// receipts.
func Codes() []sms.CodeInfo { return slices.Clone(table) }

// other classifies a command_status without a row: carriers have their own from
// 0x400 to 0x4FF. Whatever it says, the message was not taken.
func other(int, string) (sms.Reason, sms.Outcome) { return sms.Unsupported, sms.Rejected }

func row(code string, r sms.Reason, o sms.Outcome, meaning, advice string) sms.CodeInfo {
	return sms.CodeInfo{Code: code, Reason: r, Outcome: o, Meaning: meaning, Advice: advice}
}

func late(code string, r sms.Reason, o sms.Outcome, meaning, advice string) sms.CodeInfo {
	return sms.CodeInfo{Scope: kit.ScopeReport, Code: code, Reason: r, Outcome: o, Meaning: meaning, Advice: advice, Late: true}
}

const (
	askCarrier   = "Ask the carrier, with the time and the sender."
	checkAccount = "Check system_id, password and system_type."
	fixText      = "Change the text, or the option long."
	fixSender    = "Check from and tons: carriers take registered senders only."
	fixType      = "Check service_type and system_type."
	fixTLVs      = "Check tlvs and the binding's extra."
	otherNumber  = "Ask the person for another number."
	slower       = "Send more slowly: limit the provider's calls a second, or lower window."
	later        = "Send again later."
	reportDefect = "Report it to this project: its request is wrong."
	notUsed      = "Nothing: it answers an operation that is not used here."
)

// table is what the command_status of SMPP 3.4 means. It is never changed.
var table = []sms.CodeInfo{
	row("0x01", sms.InvalidMessage, sms.Rejected, "RINVMSGLEN: the length of the text is wrong", fixText),
	row("0x02", sms.Internal, sms.Rejected, "RINVCMDLEN: the length of the frame is wrong", reportDefect),
	row("0x03", sms.Internal, sms.Rejected, "RINVCMDID: the operation is unknown", askCarrier),
	row("0x04", sms.Unavailable, sms.Rejected, "RINVBNDSTS: the session is not bound for this", "Check bind: the account may be for another kind."),
	row("0x05", sms.Unavailable, sms.Rejected, "RALYBND: the account is bound already", "Lower binds, or end the other program with this account."),
	row("0x06", sms.Unsupported, sms.Rejected, "RINVPRTFLG: the priority is wrong", reportDefect),
	row("0x07", sms.Unsupported, sms.Rejected, "RINVREGDLVFLG: receipts cannot be asked for in this way", "Set reports to another value."),
	row("0x08", sms.Unavailable, sms.Unknown, "RSYSERR: a fault inside the carrier", askCarrier),
	row("0x0A", sms.Unsupported, sms.Rejected, "RINVSRCADR: the sender is wrong", fixSender),
	row("0x0B", sms.InvalidNumber, sms.Rejected, "RINVDSTADR: the number is wrong", otherNumber),
	row("0x0C", sms.Unsupported, sms.Rejected, "RINVMSGID: the message ID is wrong", notUsed),
	row("0x0D", sms.Unauthorized, sms.Rejected, "RBINDFAIL: the bind has failed", checkAccount),
	row("0x0E", sms.Unauthorized, sms.Rejected, "RINVPASWD: the password is wrong", checkAccount),
	row("0x0F", sms.Unauthorized, sms.Rejected, "RINVSYSID: the system_id is wrong", checkAccount),
	row("0x11", sms.Unsupported, sms.Rejected, "RCANCELFAIL: it cannot be canceled", notUsed),
	row("0x13", sms.Unsupported, sms.Rejected, "RREPLACEFAIL: it cannot be replaced", notUsed),
	row("0x14", sms.Throttled, sms.Rejected, "RMSGQFUL: the queue is full, perhaps of this number", slower),
	row("0x15", sms.Unsupported, sms.Rejected, "RINVSERTYP: the service_type is wrong", fixType),
	row("0x33", sms.InvalidNumber, sms.Rejected, "RINVNUMDESTS: the number of recipients is wrong", reportDefect),
	row("0x34", sms.Unsupported, sms.Rejected, "RINVDLNAME: the distribution list is unknown", notUsed),
	row("0x40", sms.Unsupported, sms.Rejected, "RINVDESTFLAG: the kind of recipient is wrong", notUsed),
	row("0x42", sms.Unsupported, sms.Rejected, "RINVSUBREP: the message cannot replace another", notUsed),
	row("0x43", sms.InvalidMessage, sms.Rejected, "RINVESMCLASS: the esm_class is wrong", "Set long to another value."),
	row("0x44", sms.Unsupported, sms.Rejected, "RCNTSUBDL: distribution lists are not allowed", notUsed),
	row("0x45", sms.Unavailable, sms.Unknown, "RSUBMITFAIL: the carrier could not take it", askCarrier),
	row("0x48", sms.Unsupported, sms.Rejected, "RINVSRCTON: the sender's type is wrong", fixSender),
	row("0x49", sms.Unsupported, sms.Rejected, "RINVSRCNPI: the sender's numbering plan is wrong", fixSender),
	row("0x50", sms.InvalidNumber, sms.Rejected, "RINVDSTTON: the number's type is wrong", otherNumber),
	row("0x51", sms.InvalidNumber, sms.Rejected, "RINVDSTNPI: the number's plan is wrong", otherNumber),
	row("0x53", sms.Unsupported, sms.Rejected, "RINVSYSTYP: the system_type is wrong", fixType),
	row("0x54", sms.Unsupported, sms.Rejected, "RINVREPFLAG: the message cannot replace another", notUsed),
	row("0x55", sms.Unsupported, sms.Rejected, "RINVNUMMSGS: the number of messages is wrong", notUsed),
	row("0x58", sms.Throttled, sms.Rejected, "RTHROTTLED: too many messages a second", slower),
	row("0x61", sms.InvalidMessage, sms.Rejected, "RINVSCHED: the time of delivery is wrong", reportDefect),
	row("0x62", sms.InvalidMessage, sms.Rejected, "RINVEXPIRY: the validity is wrong, or too long", "Let the message expire earlier, or not at all."),
	row("0x63", sms.Unsupported, sms.Rejected, "RINVDFTMSGID: the predefined message is unknown", notUsed),
	row("0x64", sms.Unavailable, sms.Rejected, "RX_T_APPN: a fault of the receiver that will pass", later),
	row("0x65", sms.Unsupported, sms.Rejected, "RX_P_APPN: the receiver never takes it", askCarrier),
	row("0x66", sms.ContentRejected, sms.Rejected, "RX_R_APPN: the receiver refuses the message", fixText),
	row("0x67", sms.Unsupported, sms.Rejected, "RQUERYFAIL: it cannot be asked about", notUsed),
	row("0xC0", sms.InvalidMessage, sms.Rejected, "RINVOPTPARSTREAM: the optional parameters cannot be read", fixTLVs),
	row("0xC1", sms.InvalidMessage, sms.Rejected, "ROPTPARNOTALLWD: an optional parameter is not allowed", fixTLVs),
	row("0xC2", sms.InvalidMessage, sms.Rejected, "RINVPARLEN: the length of a parameter is wrong", fixTLVs),
	row("0xC3", sms.InvalidMessage, sms.Rejected, "RMISSINGOPTPARAM: an optional parameter is missing", fixTLVs),
	row("0xC4", sms.InvalidMessage, sms.Rejected, "RINVOPTPARAMVAL: the value of an optional parameter is wrong", fixTLVs),
	row("0xFE", sms.Unavailable, sms.Rejected, "RDELIVERYFAILURE: it could not be delivered", later),
	row("0xFF", sms.Unavailable, sms.Unknown, "RUNKNOWNERR: a fault without a name", askCarrier),
	row("0x100", sms.Unsupported, sms.Rejected, "RSERTYPUNAUTH: the service_type is not allowed", fixType),
	row("0x101", sms.Unsupported, sms.Rejected, "RPROHIBITED: the operation is not allowed", askCarrier),
	row("0x102", sms.Unsupported, sms.Rejected, "RSERTYPUNAVAIL: the service_type is not there", fixType),
	row("0x103", sms.Unsupported, sms.Rejected, "RSERTYPDENIED: the service_type is denied", fixType),
	row("0x104", sms.Unsupported, sms.Rejected, "RINVDCS: the data_coding is wrong", "Set alphabet as the carrier says."),

	late("EXPIRED", sms.Expired, sms.Rejected, "its validity has ended", "Send it again, or allow more time."),
	late("DELETED", sms.Unsupported, sms.Rejected, "the carrier has deleted it", askCarrier),
	late("UNDELIV", sms.InvalidNumber, sms.Rejected, "it cannot be delivered", "Look at err in the report, which is the carrier's own."),
	late("REJECTD", sms.RecipientBlocked, sms.Rejected, "the carrier or the recipient refuses it", "Look at err in the report, which is the carrier's own."),
	late("UNKNOWN", sms.Unavailable, sms.Unknown, "what became of it is not known", askCarrier),
}

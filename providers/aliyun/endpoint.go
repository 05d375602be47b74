package aliyun

// hostOf returns the host of a product in a region. Dypnsapi has one host. Both
// versions of Dysmsapi have the same hosts, as the SDK's own table resolves them
// (services/dysmsapi/endpoint.go of v1.63.107), with one exception: for
// cn-beijing that table has dysmsapi-proxy.cn-beijing, which times out from
// outside the vendor's network (the SDK's issues 492 and 494).
//
// The table is written out because the SDK makes its own on first use, without a
// lock, in a variable that anyone can change.
func hostOf(product, region string) string {
	if product == APIPNVS {
		return "dypnsapi.aliyuncs.com"
	}
	switch region {
	case "cn-hongkong":
		return "dysmsapi-xman.cn-hongkong.aliyuncs.com"
	case "ap-southeast-1", "ap-southeast-5", "eu-central-1", "us-east-1":
		return "dysmsapi." + region + ".aliyuncs.com"
	}
	return "dysmsapi.aliyuncs.com"
}

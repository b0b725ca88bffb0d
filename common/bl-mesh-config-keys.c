// SPDX-License-Identifier: Apache-2.0
/* Follows migration.md section 7: one row a key, the translated ones first */
#include "common/bl-mesh-config-keys.h"

/* clang-format off */
#define TO(section_, setting_) .section = (section_), .setting = (setting_)
#define NUMBER(name_, section_, setting_, min_, max_, factor_) \
  { .name = (name_), .rule = BL_MESH_KEY_INT, TO (section_, setting_), .minimum = (min_), .maximum = (max_), .factor = (factor_) }
#define PORT(name_, setting_, min_) NUMBER (name_, "server", setting_, min_, 65535, 1)
#define FLAG(name_, section_, setting_) { .name = (name_), .rule = BL_MESH_KEY_BOOL, TO (section_, setting_) }
#define BY(name_, rule_) { .name = (name_), .rule = BL_MESH_KEY_##rule_ }
#define NOTE(name_, rule_, note_) { .name = (name_), .rule = BL_MESH_KEY_WARN_##rule_, .note = (note_) }
#define QUIET(name_) { .name = (name_) }

#define STORED "everything is kept in the embedded SQLite database of the data directory"
#define NOT_OFFERED "not offered"
#define PROXY_PORT "not offered; agents use the web port"
#define FIREWALL "not offered here; let the firewall or the proxy do it"

const BlMeshKey bl_mesh_config_settings_keys[] = {
  { .name = "cert", .rule = BL_MESH_KEY_TEXT, TO ("server", "name"), .maximum = 255 },
  PORT ("port", "port", 1),
  { .name = "portBind", .rule = BL_MESH_KEY_LIST, TO ("server", "bind") },
  PORT ("aliasPort", "alias-port", 0),
  PORT ("redirPort", "redirect-port", 0),
  PORT ("mpsPort", "mps-port", 0),
  BY ("tlsOffload", OFFLOAD),
  BY ("trustedProxy", TRUSTED),
  BY ("allowFraming", FRAMING),
  BY ("maxInvalidLogin", INVALID_LOGIN),
  BY ("cookieIpCheck", IP_CHECK),
  BY ("loginCookieEncryptionKey", COOKIE_KEY),
  BY ("dbExpire", EXPIRE),
  NUMBER ("sessionTime", "module auth", "session-idle", 60, 31536000, 60),
  NUMBER ("agentPing", "module agents", "agent-ping", 0, 86400, 1),
  NUMBER ("agentPong", "module agents", "agent-pong", 0, 86400, 1),
  NUMBER ("agentIdleTimeout", "module agents", "idle-timeout", 10, 86400, 1),
  NUMBER ("browserPing", "module control", "ping-interval", 0, 3600, 1),
  FLAG ("allowLoginToken", "module control", "allow-login-cookie"),
  FLAG ("lockAgentDownload", "module agents", "lock-agent-download"),
  { .name = "orphanAgentUser", .rule = BL_MESH_KEY_TEXT, TO ("module agents", "orphan-owner"), .maximum = 128 },
  BY ("interUserMessaging", PEOPLE),

  NOTE ("mongoDb", SET, STORED),
  NOTE ("postgres", SET, STORED),
  NOTE ("mySQL", SET, STORED),
  NOTE ("mariaDB", SET, STORED),
  NOTE ("acebase", SET, STORED),
  QUIET ("SQLite3"),
  NOTE ("dbEncryptKey", SET, "the database is not encrypted; keep the data directory on an encrypted disk"),
  NOTE ("dbRecordsEncryptKey", SET, "the database is not encrypted; keep the data directory on an encrypted disk"),
  QUIET ("dbRecordsDecryptKey"),
  NOTE ("autoBackup", TRUE, "not offered; run bowlinectl backup from a timer"),

  NOTE ("LANonly", TRUE, "the server always takes connections from everywhere; use bind"),
  NOTE ("userAllowedIP", TRUE, FIREWALL),
  NOTE ("userBlockedIP", TRUE, FIREWALL),
  NOTE ("agentAllowedIP", TRUE, FIREWALL),
  NOTE ("agentBlockedIP", TRUE, FIREWALL),
  NOTE ("ipBlockedUserRedirect", TRUE, FIREWALL),
  NOTE ("crowdsec", TRUE, FIREWALL),
  NOTE ("agentPort", TRUE, PROXY_PORT),
  NOTE ("agentPortBind", TRUE, PROXY_PORT),
  NOTE ("agentPortTls", TRUE, PROXY_PORT),
  NOTE ("agentAliasPort", TRUE, PROXY_PORT),
  NOTE ("agentAliasDNS", TRUE, PROXY_PORT),
  NOTE ("redirPortBind", TRUE, "not offered; bind counts for all ports"),
  NOTE ("mpsPortBind", TRUE, "not offered; bind counts for all ports"),
  NOTE ("relayPort", TRUE, NOT_OFFERED),
  NOTE ("relayAliasPort", TRUE, NOT_OFFERED),
  NOTE ("relayDNS", TRUE, NOT_OFFERED),
  NOTE ("no2FactorAuth", TRUE, "second factors stay on"),
  NOTE ("ignoreAgentHashCheck", TRUE, "agents always check the certificate; use cert-url or accepted-web-hashes"),
  NOTE ("desktopMultiplex", TRUE, NOT_OFFERED),
  NOTE ("plugins", TRUE, "MeshCentral's plug-ins do not run here"),
  NOTE ("maintenanceMode", TRUE, "not offered"),
  NOTE ("maxInvalid2fa", FALSE, "wrong second factors are always limited"),
  NOTE ("allowHighQualityDesktop", FALSE, "the quality of a desktop session is not limited by the server"),
  NOTE ("syslog", TRUE, "records go to the journal or standard error"),
  NOTE ("authLog", TRUE, "failed logins are in the journal; see README.md of module auth"),
  NOTE ("StrictTransportSecurity", FALSE, "sent with a trusted certificate"),
  NOTE ("cookieEncoding", SET, "both forms are read, base64 is written"),
  NOTE ("manageAllDeviceGroups", TRUE, "not offered; give these accounts links"),
  NOTE ("manageCrossDomain", TRUE, NOT_OFFERED),
  NOTE ("sessionSameSite", SET, "the session's cookie is always SameSite=Strict"),
  NOTE ("redirects", TRUE, NOT_OFFERED),

  QUIET ("noAgentUpdate"), /* agents are not updated unless agent-updates says so */
  QUIET ("WANonly"), QUIET ("minify"), QUIET ("exactPorts"), QUIET ("redirAliasPort"),
  QUIET ("mpsAliasPort"), QUIET ("mpsAliasHost"), QUIET ("mpsTlsOffload"), QUIET ("mpsHighSecurity"),
  QUIET ("sessionKey"), QUIET ("browserPong"), QUIET ("compression"), QUIET ("wsCompression"),
  QUIET ("agentWsCompression"), QUIET ("webRTC"), QUIET ("webrtcConfig"), QUIET ("selfUpdate"),
  QUIET ("agentUpdateSystem"), QUIET ("temporaryAgentUpdate"), QUIET ("agentCoreDump"), QUIET ("agentLogDump"),
  QUIET ("agentSignLock"), QUIET ("log"), QUIET ("debug"), QUIET ("nice404"),
  QUIET ("certificatePrivateKeyPassword"), QUIET ("dataPath"), QUIET ("filesPath"),
  QUIET ("localDiscovery"), QUIET ("amtScanner"), QUIET ("meshScanner"), QUIET ("watchDog"),
  { 0 },
};

const BlMeshKey bl_mesh_config_domain_keys[] = {
  BY ("certUrl", CERT_URL),
  { .name = "loginKey", .rule = BL_MESH_KEY_SECRETS, TO ("module control", "login-keys") },
  { .name = "agentKey", .rule = BL_MESH_KEY_SECRETS, TO ("module agents", "agent-key") },
  { .name = "agentConfig", .rule = BL_MESH_KEY_LIST, TO ("module agents", "agent-config") },
  BY ("agentCustomization", CUSTOMIZATION),
  FLAG ("lockAgentDownload", "module agents", "lock-agent-download"),
  NUMBER ("twoFactorCookieDurationDays", "module auth", "two-factor-cookie-days", 0, 365, 1),
  NUMBER ("userQuota", "module serverfiles", "user-quota", 0, G_GINT64_CONSTANT (1000) << 30, 1),
  NUMBER ("meshQuota", "module serverfiles", "group-quota", 0, G_GINT64_CONSTANT (1000) << 30, 1),

  NOTE ("title", TRUE, "the page keeps its own name"),
  NOTE ("title2", TRUE, "the page keeps its own name"),
  NOTE ("newAccounts", TRUE, "nobody can register; make accounts with bowlinectl user create"),
  NOTE ("dns", TRUE, "only the default domain is offered"),
  NOTE ("auth", TRUE, "accounts are kept here only"),
  NOTE ("ldapOptions", TRUE, "accounts are kept here only"),
  NOTE ("authStrategies", TRUE, "accounts are kept here only"),
  NOTE ("passwordRequirements", TRUE, NOT_OFFERED),
  NOTE ("allowedOrigin", TRUE, "name the origins in allowed-origins"),
  NOTE ("userConsentFlags", TRUE, "set consent on groups, devices or accounts"),
  NOTE ("sessionRecording", TRUE, NOT_OFFERED),
  NOTE ("localSessionRecording", TRUE, NOT_OFFERED),
  NOTE ("guestDeviceSharing", FALSE, "take right 0x80000 from accounts that must not share devices"),
  NOTE ("agentSelfGuestSharing", TRUE, NOT_OFFERED),
  NOTE ("autoRemoveInactiveDevices", TRUE, "set the age on device groups"),
  NOTE ("userSessionIdleTimeout", TRUE, "use session-idle of module auth"),
  NOTE ("limits", TRUE, "use the limits in the sections of the modules"),
  NOTE ("httpHeaders", TRUE, "the security headers cannot be changed"),
  NOTE ("userAllowedIP", TRUE, FIREWALL),
  NOTE ("userBlockedIP", TRUE, FIREWALL),
  NOTE ("agentAllowedIP", TRUE, FIREWALL),
  NOTE ("agentBlockedIP", TRUE, FIREWALL),
  NOTE ("ssh", TRUE, NOT_OFFERED),
  NOTE ("ipkvm", TRUE, NOT_OFFERED),
  NOTE ("assistantCustomization", TRUE, NOT_OFFERED),
  NOTE ("assistantConfig", TRUE, NOT_OFFERED),
  NOTE ("agentFileInfo", TRUE, NOT_OFFERED),
  NOTE ("preconfiguredScripts", TRUE, "keep this list as a JSON file, and name it in preset-commands of module control"),
  NOTE ("preconfiguredRemoteInput", TRUE, NOT_OFFERED),
  NOTE ("amtManager", TRUE, NOT_OFFERED),
  NOTE ("amtAcmActivation", TRUE, NOT_OFFERED),

  QUIET ("agentInviteCodes"), /* every group may have some */
  QUIET ("cookieIpCheck"), /* the original reads it from settings only */
  QUIET ("titlePicture"), QUIET ("loginPicture"), QUIET ("welcomeText"), QUIET ("welcomePicture"), QUIET ("footer"),
  QUIET ("loginfooter"), QUIET ("siteStyle"), QUIET ("nightMode"), QUIET ("minify"), QUIET ("newAccountsRights"),
  QUIET ("newAccountsUserGroups"), QUIET ("newAccountEmailDomains"), QUIET ("newAccountsPass"),
  QUIET ("userNameIsEmail"), QUIET ("consentMessages"),
  QUIET ("notificationMessages"), QUIET ("desktopPrivacyBarText"), QUIET ("agentNoProxy"), QUIET ("geoLocation"),
  QUIET ("novnc"), QUIET ("mstsc"), QUIET ("desktop"), QUIET ("terminal"), QUIET ("files"), QUIET ("clipboardGet"),
  QUIET ("clipboardSet"), QUIET ("hide"), QUIET ("customUI"), QUIET ("customFiles"), QUIET ("urlSwitching"),
  QUIET ("mobileSite"), QUIET ("maxDeviceView"), QUIET ("myServer"), QUIET ("redirects"), QUIET ("rootRedirect"),
  QUIET ("unknownUserRootRedirect"), QUIET ("logoutOnIdleSessionTimeout"), QUIET ("altMessenging"),
  QUIET ("deviceMeshRouterLinks"), QUIET ("amtScanOptions"), QUIET ("allowHighQualityDesktop"),
  { 0 },
};
/* clang-format on */

gboolean
bl_mesh_config_top_is_known (const char *name)
{
  static const char *const known[]
      = { "domaindefaults", "letsencrypt", "smtp",        "sendgrid", "sendmail", "sms",
          "messaging",      "peers",       "configfiles", "firebase" };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      if (g_ascii_strcasecmp (known[i], name) == 0)
        return TRUE;
    }
  return FALSE;
}

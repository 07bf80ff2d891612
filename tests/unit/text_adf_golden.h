/* Documents as Atlassian's editors make them, and the Markdown they are shown as. */
/* clang-format off */
{ "task list",
    "{\"version\":1,\"type\":\"doc\",\"content\":[{\"type\":\"taskList\",\"attrs\":{\"localId\":\"00000001-aaaa-4bbb-8ccc-"
    "000000000000\"},\"content\":[{\"type\":\"taskItem\",\"attrs\":{\"localId\":\"00000002-aaaa-4bbb-8ccc-00000000000"
    "0\",\"state\":\"TO" "DO\"},\"content\":[{\"type\":\"text\",\"text\":\"oil the axle\"}]},{\"type\":\"taskItem\",\"attrs\":{\"l"
    "ocalId\":\"00000003-aaaa-4bbb-8ccc-000000000000\",\"state\":\"DONE\"},\"content\":[{\"type\":\"text\",\"text\":\"cou"
    "nt \"},{\"type\":\"text\",\"text\":\"cards\",\"marks\":[{\"type\":\"strong\"}]}]},{\"type\":\"taskList\",\"attrs\":{\"loca"
    "lId\":\"00000004-aaaa-4bbb-8ccc-000000000000\"},\"content\":[{\"type\":\"taskItem\",\"attrs\":{\"localId\":\"00000"
    "005-aaaa-4bbb-8ccc-000000000000\",\"state\":\"TO" "DO\"},\"content\":[{\"type\":\"text\",\"text\":\"below\"}]}]}]}]}",
    "- [ ] oil the axle\n- [x] count **cards**\n  - [ ] below\n" },
{ "panels",
    "{\"version\":1,\"type\":\"doc\",\"content\":[{\"type\":\"panel\",\"attrs\":{\"panelType\":\"info\"},\"content\":[{\"type\""
    ":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"info\"}]}]},{\"type\":\"panel\",\"attrs\":{\"panelType\":\"note"
    "\"},\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"note\"}]}]},{\"type\":\"panel\",\"attr"
    "s\":{\"panelType\":\"warning\"},\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"warning\""
    "}]}]},{\"type\":\"panel\",\"attrs\":{\"panelType\":\"success\"},\"content\":[{\"type\":\"paragraph\",\"content\":[{\"ty"
    "pe\":\"text\",\"text\":\"success\"}]}]},{\"type\":\"panel\",\"attrs\":{\"panelType\":\"error\"},\"content\":[{\"type\":\"p"
    "aragraph\",\"content\":[{\"type\":\"text\",\"text\":\"error\"}]}]},{\"type\":\"panel\",\"attrs\":{\"panelType\":\"info\"}"
    ",\"content\":[{\"type\":\"bulletList\",\"content\":[{\"type\":\"listItem\",\"content\":[{\"type\":\"paragraph\",\"conte"
    "nt\":[{\"type\":\"text\",\"text\":\"in a panel\"}]}]}]},{\"type\":\"codeBlock\",\"attrs\":{\"language\":\"c\"},\"content"
    "\":[{\"type\":\"text\",\"text\":\"x;\"}]}]}]}",
    ":::info\ninfo\n:::\n\n:::note\nnote\n:::\n\n:::warning\nwarning\n:::\n\n:::success\nsuccess\n:::\n\n:::error\nerror\n:"
    "::\n\n:::info\n- in a panel\n\n```c\nx;\n```\n\n:::\n" },
{ "expands",
    "{\"version\":1,\"type\":\"doc\",\"content\":[{\"type\":\"expand\",\"attrs\":{\"title\":\"More\"},\"content\":[{\"type\":\"p"
    "aragraph\",\"content\":[{\"type\":\"text\",\"text\":\"inside\"}]},{\"type\":\"table\",\"attrs\":{\"isNumberColumnEnabl"
    "ed\":false,\"layout\":\"default\",\"localId\":\"00000006-aaaa-4bbb-8ccc-000000000000\"},\"content\":[{\"type\":\"t"
    "ableRow\",\"content\":[{\"type\":\"tableCell\",\"attrs\":{},\"content\":[{\"type\":\"nestedExpand\",\"attrs\":{\"title"
    "\":\"Deep\"},\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"down\"}]}]}]}]}]}]}]}",
    ":::expand More\ninside\n\n:::table\n:::row\n:::cell\n:::expand Deep\ndown\n:::\n\n:::\n:::\n:::\n\n:::\n" },
{ "mention, emoji, status, date",
    "{\"version\":1,\"type\":\"doc\",\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"mention\",\"attrs\":{\"id\":"
    "\"5b10a2844c20165700ede21a\",\"text\":\"@Ada Lovelace\",\"accessLevel\":\"\"}},{\"type\":\"text\",\"text\":\" \"},{\"ty"
    "pe\":\"emoji\",\"attrs\":{\"shortName\":\":smile:\",\"id\":\"1f604\",\"text\":\"😄\"}},{\"type\":\"text\",\"text\":\" \"},{\"ty"
    "pe\":\"status\",\"attrs\":{\"text\":\"IN PROGRESS\",\"color\":\"blue\",\"localId\":\"00000007-aaaa-4bbb-8ccc-0000000"
    "00000\",\"style\":\"\"}},{\"type\":\"text\",\"text\":\" \"},{\"type\":\"date\",\"attrs\":{\"timestamp\":\"1780272000000\"}}"
    "]}]}",
    "@[Ada Lovelace](accountid:5b10a2844c20165700ede21a) 😄 {status:IN PROGRESS|color=blue} {date:2026-06-"
    "01}\n" },
{ "cards",
    "{\"version\":1,\"type\":\"doc\",\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"see \"},{\""
    "type\":\"inlineCard\",\"attrs\":{\"url\":\"https://acme.atlassian.net/browse/DEMO-4\"}},{\"type\":\"text\",\"text\""
    ":\" \"}]},{\"type\":\"blockCard\",\"attrs\":{\"url\":\"https://acme.atlassian.net/browse/DEMO-5\"}}]}",
    "see <https://acme.atlassian.net/browse/DEMO-4>&#32;\n\n<https://acme.atlassian.net/browse/DEMO-5>\n" },
{ "media",
    "{\"version\":1,\"type\":\"doc\",\"content\":[{\"type\":\"mediaSingle\",\"attrs\":{\"layout\":\"center\",\"width\":50},\"c"
    "ontent\":[{\"type\":\"media\",\"attrs\":{\"type\":\"file\",\"id\":\"6e7c7f2c-dd7a-499c-bceb-6f32bfbf30b5\",\"collect"
    "ion\":\"MediaServicesSample\",\"alt\":\"a card\",\"width\":200,\"height\":100}}]},{\"type\":\"mediaSingle\",\"attrs\""
    ":{\"layout\":\"center\"},\"content\":[{\"type\":\"media\",\"attrs\":{\"type\":\"external\",\"url\":\"https://x.example/"
    "y.png\"}}]},{\"type\":\"mediaGroup\",\"content\":[{\"type\":\"media\",\"attrs\":{\"type\":\"file\",\"id\":\"1\",\"collecti"
    "on\":\"c\"}}]}]}",
    "```raw:adf mediaSingle\n{\"type\":\"mediaSingle\",\"attrs\":{\"layout\":\"center\",\"width\":50},\"content\":[{\"typ"
    "e\":\"media\",\"attrs\":{\"type\":\"file\",\"id\":\"6e7c7f2c-dd7a-499c-bceb-6f32bfbf30b5\",\"collection\":\"MediaSer"
    "vicesSample\",\"alt\":\"a card\",\"width\":200,\"height\":100}}]}\n```\n\n![](https://x.example/y.png)\n\n```raw:a"
    "df mediaGroup\n{\"type\":\"mediaGroup\",\"content\":[{\"type\":\"media\",\"attrs\":{\"type\":\"file\",\"id\":\"1\",\"colle"
    "ction\":\"c\"}}]}\n```\n" },
{ "table",
    "{\"version\":1,\"type\":\"doc\",\"content\":[{\"type\":\"table\",\"attrs\":{\"isNumberColumnEnabled\":false,\"layout\""
    ":\"default\",\"localId\":\"00000008-aaaa-4bbb-8ccc-000000000000\"},\"content\":[{\"type\":\"tableRow\",\"content\""
    ":[{\"type\":\"tableHeader\",\"attrs\":{},\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\""
    "a\",\"marks\":[{\"type\":\"strong\"}]}]}]},{\"type\":\"tableHeader\",\"attrs\":{},\"content\":[{\"type\":\"paragraph\","
    "\"content\":[{\"type\":\"text\",\"text\":\"b\",\"marks\":[{\"type\":\"strong\"}]}]}]}]},{\"type\":\"tableRow\",\"content\""
    ":[{\"type\":\"tableCell\",\"attrs\":{},\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"1\""
    "}]}]},{\"type\":\"tableCell\",\"attrs\":{},\"content\":[{\"type\":\"paragraph\"}]}]}]}]}",
    "| **a** | **b** |\n| --- | --- |\n| 1 |  |\n" },
{ "a table with joined cells",
    "{\"version\":1,\"type\":\"doc\",\"content\":[{\"type\":\"table\",\"attrs\":{\"isNumberColumnEnabled\":true,\"layout\":"
    "\"wide\",\"localId\":\"00000009-aaaa-4bbb-8ccc-000000000000\"},\"content\":[{\"type\":\"tableRow\",\"content\":[{\""
    "type\":\"tableCell\",\"attrs\":{\"colspan\":2,\"background\":\"#deebff\"},\"content\":[{\"type\":\"paragraph\",\"conte"
    "nt\":[{\"type\":\"text\",\"text\":\"wide\"}]}]}]},{\"type\":\"tableRow\",\"content\":[{\"type\":\"tableCell\",\"attrs\":{"
    "},\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}]},{\"type\":\"tableCell\",\"attr"
    "s\":{},\"content\":[{\"type\":\"bulletList\",\"content\":[{\"type\":\"listItem\",\"content\":[{\"type\":\"paragraph\",\""
    "content\":[{\"type\":\"text\",\"text\":\"y\"}]}]}]}]}]}]}]}",
    ":::table\n:::row\n:::cell columns=2\nwide\n:::\n:::\n:::row\n:::cell\nx\n:::\n:::cell\n- y\n\n:::\n:::\n:::\n" },
{ "lists",
    "{\"version\":1,\"type\":\"doc\",\"content\":[{\"type\":\"orderedList\",\"attrs\":{\"order\":3},\"content\":[{\"type\":\"l"
    "istItem\",\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"three\"}]},{\"type\":\"bulletL"
    "ist\",\"content\":[{\"type\":\"listItem\",\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\""
    "dot\"}]}]}]}]},{\"type\":\"listItem\",\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"fo"
    "ur\"}]},{\"type\":\"codeBlock\",\"attrs\":{\"language\":\"sh\"},\"content\":[{\"type\":\"text\",\"text\":\"ls\\n-l\"}]}]}]"
    "}]}",
    "3. three\n\n   - dot\n\n4. four\n\n   ```sh\n   ls\n   -l\n   ```\n" },
{ "marks",
    "{\"version\":1,\"type\":\"doc\",\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"plain \"},"
    "{\"type\":\"text\",\"text\":\"both\",\"marks\":[{\"type\":\"strong\"},{\"type\":\"em\"}]},{\"type\":\"text\",\"text\":\" \"},{"
    "\"type\":\"text\",\"text\":\"code\",\"marks\":[{\"type\":\"code\"},{\"type\":\"link\",\"attrs\":{\"href\":\"https://x.examp"
    "le/\"}}]},{\"type\":\"text\",\"text\":\" \"},{\"type\":\"text\",\"text\":\"under\",\"marks\":[{\"type\":\"underline\"}]},{\""
    "type\":\"text\",\"text\":\" \"},{\"type\":\"text\",\"text\":\"gone\",\"marks\":[{\"type\":\"strike\"}]},{\"type\":\"text\",\"t"
    "ext\":\" H\"},{\"type\":\"text\",\"text\":\"2\",\"marks\":[{\"type\":\"subsup\",\"attrs\":{\"type\":\"sub\"}}]},{\"type\":\"te"
    "xt\",\"text\":\"O \"},{\"type\":\"text\",\"text\":\"red\",\"marks\":[{\"type\":\"textColor\",\"attrs\":{\"color\":\"#ff5630\""
    "}}]},{\"type\":\"hardBreak\"},{\"type\":\"text\",\"text\":\"next\"}]}]}",
    "plain ***both*** [`code`](https://x.example/) <u>under</u> ~~gone~~ H<sub>2</sub>O <span style=\"colo"
    "r: #ff5630\">red</span>\\\nnext\n" },
{ "headings, quote, rule",
    "{\"version\":1,\"type\":\"doc\",\"content\":[{\"type\":\"heading\",\"attrs\":{\"level\":2},\"content\":[{\"type\":\"text\""
    ",\"text\":\"Title \"},{\"type\":\"text\",\"text\":\"x\",\"marks\":[{\"type\":\"code\"}]}]},{\"type\":\"blockquote\",\"conte"
    "nt\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"said\"}]},{\"type\":\"orderedList\",\"attrs\":{\""
    "order\":1},\"content\":[{\"type\":\"listItem\",\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"te"
    "xt\":\"one\"}]}]}]}]},{\"type\":\"rule\"}]}",
    "## Title `x`\n\n> said\n>\n> 1. one\n\n---\n" },
{ "decisions and extensions",
    "{\"version\":1,\"type\":\"doc\",\"content\":[{\"type\":\"decisionList\",\"attrs\":{\"localId\":\"0000000a-aaaa-4bbb-8"
    "ccc-000000000000\"},\"content\":[{\"type\":\"decisionItem\",\"attrs\":{\"localId\":\"0000000b-aaaa-4bbb-8ccc-000"
    "000000000\",\"state\":\"DECIDED\"},\"content\":[{\"type\":\"text\",\"text\":\"we oil it\"}]}]},{\"type\":\"extension\","
    "\"attrs\":{\"extensionType\":\"com.atlassian.confluence.macro.core\",\"extensionKey\":\"toc\",\"parameters\":{\"m"
    "acroParams\":{}},\"layout\":\"default\"}},{\"type\":\"layoutSection\",\"content\":[{\"type\":\"layoutColumn\",\"attr"
    "s\":{\"width\":50},\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"left\"}]}]},{\"type\":"
    "\"layoutColumn\",\"attrs\":{\"width\":50},\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":"
    "\"right\"}]}]}]}]}",
    "```raw:adf decisionList\n{\"type\":\"decisionList\",\"attrs\":{\"localId\":\"0000000a-aaaa-4bbb-8ccc-000000000"
    "000\"},\"content\":[{\"type\":\"decisionItem\",\"attrs\":{\"localId\":\"0000000b-aaaa-4bbb-8ccc-000000000000\",\"s"
    "tate\":\"DECIDED\"},\"content\":[{\"type\":\"text\",\"text\":\"we oil it\"}]}]}\n```\n\n```raw:adf toc\n{\"type\":\"exte"
    "nsion\",\"attrs\":{\"extensionType\":\"com.atlassian.confluence.macro.core\",\"extensionKey\":\"toc\",\"paramete"
    "rs\":{\"macroParams\":{}},\"layout\":\"default\"}}\n```\n\n```raw:adf layoutSection\n{\"type\":\"layoutSection\",\"c"
    "ontent\":[{\"type\":\"layoutColumn\",\"attrs\":{\"width\":50},\"content\":[{\"type\":\"paragraph\",\"content\":[{\"typ"
    "e\":\"text\",\"text\":\"left\"}]}]},{\"type\":\"layoutColumn\",\"attrs\":{\"width\":50},\"content\":[{\"type\":\"paragra"
    "ph\",\"content\":[{\"type\":\"text\",\"text\":\"right\"}]}]}]}\n```\n" },
    /* clang-format on */
